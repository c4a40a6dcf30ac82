import SystemPackage
import TestSupport

/// Programs that do the same work, one beside the other.
struct Contest: Sendable {
    /// One of them.
    struct Contestant: Sendable {
        var name: String
        /// The command line, for a target that is not there yet.
        var command: @Sendable (FilePath) throws -> [String]
        /// Programs that it needs.
        var needs: [String]
        /// How often it would have to be done for the same work.
        var times = 1.0
    }

    /// Where things are, and what all have in common.
    struct Circumstances: Sendable {
        var suite: String
        var mirror: String
        var domus: String
        /// A directory of the contest's own.
        var work: FilePath
    }

    /// A word, for `--part`.
    var name: String
    /// What is done, for people.
    var title: String
    /// The first is held against the second.
    var contestants: [Contestant]
    /// What the ratio of the first two is to be, at most; nil where nothing has been promised.
    var goal: Double?
    /// What is done once, before the clock runs.
    var preparation: [[String]] = []
    /// Where the status file of dpkg is to be read, of what was made at a target; nil where packages do not matter.
    var system: (@Sendable (FilePath) -> System)?
    /// Whether what was made is removed at once, for want of room.
    var isLarge = false

    /// A system that was made.
    enum System: Sendable {
        case directory(FilePath)
        /// An ext4 in a file.
        case image(FilePath)
    }

    /// All there are, in the order in which they are held.
    static func all(_ here: Circumstances) throws -> [Contest] {
        [root(here), try guest(here), clone(here), fleet(here)]
    }
}

extension Contest {
    /// A root of the smallest set of packages that has apt.
    static func root(_ here: Circumstances) -> Contest {
        let (suite, mirror, domus, state) = (here.suite, here.mirror, here.domus, here.work.appending("state"))
        return Contest(
            name: "root", title: "a minbase root of \(suite) in a directory, from an empty cache",
            contestants: [
                .init(
                    name: "domus bootstrap",
                    command: { target in
                        [
                            domus, "bootstrap", "--variant=minbase", "--state-dir=\(state)", "--log-dir=\(state)",
                            suite, target.string, mirror,
                        ]
                    }, needs: ["apt-get"]),
                .init(
                    name: "mmdebstrap",
                    command: { target in
                        // The layout that makes usr-is-merged installable in the place of usrmerge and perl, by the fastest way.
                        [
                            "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase",
                            "--hook-directory=/usr/share/mmdebstrap/hooks/maybe-merged-usr", "--quiet", suite,
                            target.string, mirror,
                        ]
                    }, needs: ["mmdebstrap"]),
                .init(
                    name: "mmdebstrap, eatmydata",
                    command: { target in
                        [
                            "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase",
                            "--hook-directory=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
                            "--hook-directory=/usr/share/mmdebstrap/hooks/eatmydata", "--quiet", suite,
                            target.string, mirror,
                        ]
                    }, needs: ["mmdebstrap", "eatmydata"]),
                .init(
                    name: "mmdebstrap, not merged",
                    command: { target in
                        [
                            "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", "--quiet", suite,
                            target.string, mirror,
                        ]
                    }, needs: ["mmdebstrap"]),
                .init(
                    name: "debootstrap, eatmydata",
                    command: { target in
                        ["eatmydata", "debootstrap", "--variant=minbase", suite, target.string, mirror]
                    }, needs: ["debootstrap", "eatmydata"]),
            ], goal: 0.35, system: { .directory($0) })
    }

    /// `domus` with places of its own; guests are below `guests`, and are called as their targets are.
    static func create(_ here: Circumstances, _ command: [String]) -> [String] {
        let places = [
            "--dir=\(here.work.appending("guests"))", "--state-dir=\(here.work.appending("state"))",
            "--log-dir=\(here.work.appending("log"))", "--config-dir=\(here.work.appending("none"))",
        ]
        let output = command.first == "create" ? ["--output=\(here.work.appending("xen"))"] : []
        return [here.domus] + command + ["--dist=\(here.suite)"] + places + output
    }

    private static func disk(of target: FilePath, _ here: Circumstances) -> System {
        .image(here.work.pushing(FilePath("guests/domains/\(name(target))/disk.img")))
    }

    static func name(_ target: FilePath) -> String { "g\(target.lastComponent?.string ?? "")" }

    /// A guest that boots and lets ssh in, from nothing.
    private static func guest(_ here: Circumstances) throws -> Contest {
        // The kernel that xen-tools installs, which is a larger one than Domus would choose.
        let kernel = here.work.appending("kernel.conf")
        for name in ["xen", "guests/domains"] { try makeDirectories(here.work.pushing(FilePath(name))) }
        try writeFile(kernel, "DOMUS_KERNEL_PACKAGE = linux-image-amd64\n")
        let common = ["--size=4G", "--swap=512M", "--fs=ext4", "--dhcp", "--mirror=\(here.mirror)"]
        let peer: @Sendable (FilePath) -> [String] = { target in
            [
                "/usr/bin/xen-create-image", "--hostname=\(name(target))", "--dist=\(here.suite)", "--pygrub",
                "--image=sparse", "--nohosts", "--genpass=1", "--dir=\(here.work.appending("guests"))",
                "--output=\(here.work.appending("xen"))", "--cache=no", "--force",
            ] + common
        }
        return Contest(
            name: "guest", title: "a guest of \(here.suite) with kernel and ssh server in image files, from nothing",
            contestants: [
                .init(
                    name: "domus create",
                    command: { target in
                        create(
                            here,
                            ["create", "--hostname=\(name(target))", "--pygrub", "--config=\(kernel)"] + common)
                    }, needs: ["apt-get"]),
                .init(name: "xen-tools", command: peer, needs: ["/usr/bin/xen-create-image"]),
                .init(
                    name: "xen-tools, eatmydata", command: { ["eatmydata"] + peer($0) },
                    needs: ["/usr/bin/xen-create-image", "eatmydata"]),
                .init(
                    name: "domus create, its own kernel",
                    command: { target in
                        create(here, ["create", "--hostname=\(name(target))", "--pygrub"] + common)
                    }, needs: ["apt-get"]),
            ], goal: 0.15, system: { disk(of: $0, here) })
    }

    /// One more guest, when there is a base.
    private static func clone(_ here: Circumstances) -> Contest {
        let bases = here.work.pushing(FilePath("guests/domains/.bases"))
        @Sendable func base() throws -> String {
            guard let name = try directoryNames(bases).first(where: { $0.hasSuffix(".img") }) else {
                throw TestSupportError("there is no base in \(bases)")
            }
            return bases.appending(name).string
        }
        return Contest(
            name: "clone",
            title: "one more guest of \(here.suite) in image files, whole command, against a copy of its base",
            contestants: [
                .init(
                    name: "domus create --base",
                    command: { create(here, ["create", "--hostname=\(name($0))", "--dhcp", "--base=offline"]) },
                    needs: []),
                .init(
                    name: "cp --sparse=always", command: { ["cp", "--sparse=always", try base(), "\($0).img"] },
                    needs: []),
                .init(
                    name: "cp, and sync of the copy",
                    command: {
                        ["sh", "-c", "cp --sparse=always \"$1\" \"$2\" && sync \"$2\"", "sh", try base(), "\($0).img"]
                    }, needs: []),
                // A copy is no guest yet.
                .init(
                    name: "the same guest by hand",
                    command: {
                        [
                            "Benchmarks/by-hand", try base(), here.work.pushing(FilePath("guests/domains")).string,
                            "h\(name($0))",
                        ]
                    }, needs: ["ssh-keygen", "resize2fs"]),
            ], goal: 2, preparation: [create(here, ["base", "build"])])
    }

    /// Fifty guests, when there is a base.
    private static func fleet(_ here: Circumstances) -> Contest {
        Contest(
            name: "fleet", title: "50 guests of \(here.suite) in image files, when there is a base",
            contestants: [
                .init(
                    name: "--count=50",
                    command: { target in
                        create(
                            here,
                            ["create", "--hostname=\(name(target))-%02d", "--count=50", "--dhcp", "--base=offline"])
                    }, needs: []),
                .init(
                    name: "50 times one",
                    command: { create(here, ["create", "--hostname=\(name($0))", "--dhcp", "--base=offline"]) },
                    needs: [], times: 50),
            ], goal: 0.7, preparation: [create(here, ["base", "build"])], isLarge: true)
    }
}
