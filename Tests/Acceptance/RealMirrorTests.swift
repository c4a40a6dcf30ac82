import Glibc
import SystemPackage
import TestSupport
import Testing

/// Once, the real thing: a release from the mirror that this machine itself uses.
@Suite("the real mirror", Requirement.bootstrapping, RealMirror.answers)
struct RealMirrorTests {
    @Test("gives a guest that dpkg and apt have nothing to complain of", .timeLimit(.minutes(15)))
    func guest() async throws {
        try await withWorkspace { workspace in
            let outcome = try await workspace.domus([
                "create", "--hostname=web1", "--dist=bookworm", "--dhcp", "--size=2G", "--swap=16M",
            ]).run(timeout: .seconds(800))
            try outcome.orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let root = GuestImage(image)
            #expect(try await root.complaint() == nil)
            #expect(try await root.text("/etc/hostname") == "web1\n")
            let configuration = try XlText(workspace.configuration(of: "web1"))
            let kernel = FilePath(try #require(configuration["kernel"]))
            #expect(kernel.lastComponent?.string.hasPrefix("vmlinuz-") == true)
            #expect(try readFile(kernel).dropFirst(0x202).prefix(4).elementsEqual("HdrS".utf8))
            #expect(try readFile(FilePath(try #require(configuration["ramdisk"]))).count > 1 << 20)
            let interfaces = try await root.text("/etc/network/interfaces") ?? ""
            #expect(interfaces.contains("iface enX0 inet dhcp\n"), "\(interfaces)")

            // Copied out rather than mounted, so that this runs where there is no loop device.
            let copy = workspace.path.appending("tree")
            try makeDirectories(copy)
            _ = try await run("debugfs", ["-R", "rdump / \"\(copy)\"", image.string], timeout: .seconds(300))
            let audit = try await run("chroot", [copy.string, "dpkg", "--audit"]).orThrow()
            #expect(audit.standardOutput == "")
            try await run("chroot", [copy.string, "apt-get", "check"]).orThrow()
            // By these the kernel finds its root under Xen.
            let disk = try await run("chroot", [copy.string, "sh", "-c", "lsinitramfs /boot/initrd.img-*"]).orThrow()
            for name in ["/xen-blkfront.ko", "/fsck.ext4"] { #expect(disk.standardOutput.contains(name), "\(name)") }
            let states = try await run("chroot", [copy.string, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"])
            #expect(states.standardOutput.split(separator: "\n").allSatisfy { $0.hasPrefix("ii") })
            let packages = try await run("chroot", [copy.string, "dpkg-query", "-W", "-f", "${Package}\n"])
                .standardOutput
            for package in ["openssh-server\n", "linux-image-cloud-"] { #expect(packages.contains(package)) }
        }
    }
}

/// What is installed by both.
enum PackageChoice {
    case minbase
    /// With scripts of many kinds: accounts, services, alternatives, triggers, host keys, bytecode, a kernel.
    case server

    /// Lines of files that somebody waits for, in the order of installation.
    static let triggers = "var/lib/dpkg/triggers/File"
    static let accounts = ["passwd", "shadow", "group", "gshadow"]

    func options(_ suite: String) -> [String] {
        switch self {
        case .minbase: ["--variant=minbase"]
        case .server:
            [
                "--variant=important",
                "--include=openssh-server,nginx,rsyslog,sudo,python3,ca-certificates,locales"
                    // Mirrors have lost that of bullseye, which their index still names.
                    + (suite == "bullseye" ? "" : ",linux-image-cloud-amd64"),
            ]
        }
    }

    /// What is another in each tree: keys, an initial RAM disk, which has the time in it, and the numbers of accounts.
    func passedOver(in tree: FilePath) throws -> Set<String> {
        switch self {
        case .minbase: []
        case .server:
            Set(
                try directoryNames(tree.pushing("etc/ssh")).filter { $0.hasPrefix("ssh_host_") }.map { "etc/ssh/\($0)" }
                    + directoryNames(tree.pushing("boot")).filter { $0.hasPrefix("initrd.img-") }.map { "boot/\($0)" }
                    + Self.accounts.flatMap { ["etc/\($0)", "etc/\($0)-"] } + [Self.triggers])
        }
    }
}

/// The archive's own packages, against what mmdebstrap makes of them. They outlast all other tests: one of each choice at a
/// time has both of two cores at work, and all at once would fill a small machine's memory.
private enum RealMirrorEquality {
    static let suites = ["bookworm", "trixie", "bullseye"]

    static func check(_ suite: String, _ choice: PackageChoice) async throws {
        try await withWorkspace { workspace in
            let start = time(nil)
            let tree = workspace.path.appending("tree")
            try await workspace.domus(["bootstrap"] + choice.options(suite) + [suite, tree.string])
                .run(timeout: .seconds(800)).orThrow()
            let other = workspace.path.appending("other")
            // Without a package that says so, mmdebstrap has to be told that /usr is merged.
            let merged =
                suite == "bullseye"
                ? "--setup-hook=for d in bin sbin lib lib32 lib64 libx32; do "
                    + "mkdir -p \"$1/usr/$d\"; ln -s \"usr/$d\" \"$1/$d\"; done"
                : "--hook-directory=/usr/share/mmdebstrap/hooks/maybe-merged-usr"
            // With mounts of its own: other tests watch the host's.
            try await run(
                "unshare",
                [
                    "--mount", "--propagation=private", "mmdebstrap", "--mode=root", merged,
                ]
                    + choice.options(suite) + [
                        suite, other.string, tree.pushing("etc/apt/sources.list").string,
                    ], timeout: .seconds(800)
            ).orThrow()
            var passedOver = NativeBootstrapTests.known
            passedOver.insert("var/lib/apt/extended_states")
            passedOver.formUnion(try choice.passedOver(in: tree))
            let theirs = try TreeListing(other)
            let mine = try TreeListing(tree)
            // Accounts' numbers follow the order of configuration.
            let differences = (choice == .minbase ? mine : mine.numbered(as: theirs)).differences(
                from: theirs, since: start, passingOver: passedOver
            )
            // Python 3.9 compiles no module to the same bytes twice: two trees of mmdebstrap's differ in these, too.
            .filter { suite != "bullseye" || !$0.contains(".cpython-39.pyc: content") }
            #expect(differences == [])
            func automatic(_ tree: FilePath) throws -> [Substring] {
                try readText(tree.pushing("var/lib/apt/extended_states")).split(separator: "\n").sorted()
            }
            #expect(try automatic(tree) == automatic(other))
            func interests(_ tree: FilePath) throws -> [Substring]? {
                let file = tree.pushing(FilePath(PackageChoice.triggers))
                // No package of the smallest set may wait for files.
                guard fileExists(file) else { return nil }
                return try readText(file).split(separator: "\n").sorted()
            }
            #expect(try interests(tree) == interests(other))
            for name in PackageChoice.accounts {
                func entries(_ tree: FilePath) throws -> [String] {
                    try readText(tree.appending("etc").appending(name)).split(separator: "\n")
                        .map { String($0).replacing(/:\d{3}:(\d{3}:)?/, with: ":N:") }.sorted()
                }
                #expect(try entries(tree) == entries(other), "\(name)")
            }
            for command in [["dpkg", "--audit"], ["dpkg", "--verify"]] {
                let outcome = try await run("chroot", [tree.string] + command).orThrow()
                #expect(outcome.standardOutput == "", "\(command)")
            }
        }
    }
}

@Suite("the real mirror, twice: what every system has", Requirement.bootstrapping, RealMirror.answers, .serialized)
struct SmallestEqualityTests {
    @Test(
        "domus bootstrap makes what mmdebstrap makes", .timeLimit(.minutes(30)), Requirement.program("mmdebstrap"),
        arguments: RealMirrorEquality.suites)
    func equal(suite: String) async throws {
        try await RealMirrorEquality.check(suite, .minbase)
    }
}

@Suite("the real mirror, twice: a server", Requirement.bootstrapping, RealMirror.answers, .serialized)
struct ServerEqualityTests {
    @Test(
        "domus bootstrap makes what mmdebstrap makes", .timeLimit(.minutes(30)), Requirement.program("mmdebstrap"),
        arguments: RealMirrorEquality.suites)
    func equal(suite: String) async throws {
        try await RealMirrorEquality.check(suite, .server)
    }
}

private enum RealMirror {
    /// `DOMUS_REAL_MIRROR=1` asks for the test wherever it is, `0` leaves it out; otherwise the mirror is asked.
    static var answers: ConditionTrait {
        .enabled("no mirror of bookworm answers (or DOMUS_REAL_MIRROR=0)") {
            switch getenv("DOMUS_REAL_MIRROR").map({ String(cString: $0) }) {
            case "1": return true
            case "0": return false
            default: return try await isThere()
            }
        }
    }

    /// Whether the mirror that Domus would choose gives the release file.
    private static func isThere() async throws -> Bool {
        guard geteuid() == 0, findProgram("/usr/lib/apt/apt-helper") != nil else { return false }
        return try await withTemporaryDirectory("mirror") { directory in
            let values = try await run(
                Workspace.program.string,
                [
                    "create", "--hostname=web1", "--dist=bookworm", "--dhcp", "--dumpconfig",
                    "--config-dir=\(directory)",
                ]
            )
            guard let line = values.standardOutput.split(separator: "\n").first(where: { $0.hasPrefix("mirror = ") })
            else { return false }
            let url = "\(line.dropFirst("mirror = ".count))/dists/bookworm/InRelease"
            let options = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5"]
            let download = ["download-file", url, directory.appending("InRelease").string]
            let answer = try await run("/usr/lib/apt/apt-helper", options + download, timeout: .seconds(20))
            return answer.succeeded
        }
    }
}
