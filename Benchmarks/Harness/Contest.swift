import SystemPackage

/// Programs that do the same work, one beside the other.
struct Contest: Sendable {
    /// One of them.
    struct Contestant: Sendable {
        var name: String
        /// The command line, for a target that is not there yet.
        var command: @Sendable (FilePath) -> [String]
        /// Programs that it needs.
        var needs: [String]
    }

    /// A word, for `--part`.
    var name: String
    /// What is done, for people.
    var title: String
    /// The first is held against the second.
    var contestants: [Contestant]
    /// What the ratio of the first two is to be, at most; nil where nothing has been promised.
    var goal: Double?
}

extension Contest {
    /// A root of the smallest set of packages that has apt.
    static func root(_ suite: String, mirror: String, domus: String, state: FilePath) -> Contest {
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
            ], goal: 0.35)
    }
}
