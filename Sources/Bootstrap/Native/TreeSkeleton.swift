import Archives
import GuestModel

/// What is in a tree before the first package, and what is written when the last is configured.
struct TreeSkeleton: Sendable {
    let tree: PackageTree
    let request: BootstrapRequest

    /// /usr is merged, as debootstrap and the installer have it in all releases that are installed so: those from bookworm on
    /// work in no other way, and bullseye's upgrade asks for it.
    func prepare() throws(ArchiveError) {
        try layOut(tree)
        for name in ["dev", "etc/apt", "tmp", "var/lib/apt", "var/lib/dpkg"] { try tree.makeDirectories(name) }
        try PackageDatabase(tree: tree).prepare()
        try makeDevices()
        // debootstrap's text, which the hooks and other tools know for no fstab at all.
        try tree.write(Array("# UNCONFIGURED FSTAB FOR BASE SYSTEM\n".utf8), to: "etc/fstab")
    }

    /// The links that all names of packages are resolved by.
    func layOut(_ tree: PackageTree) throws(ArchiveError) {
        tree.adoptRoot()
        for name in merged {
            try tree.makeDirectories("usr/\(name)")
            try tree.makeLink(name, to: "usr/\(name)")
        }
    }

    /// Takes out of a tree what ``layOut(_:)`` has made and no package has put anything into: it is not to come again where a
    /// script has removed it (usr-is-merged's does).
    func clear(_ tree: PackageTree) throws(ArchiveError) {
        for name in merged {
            try tree.remove(name)
            try tree.removeIfEmpty("usr/\(name)")
        }
    }

    /// As debootstrap's setup_merged_usr has them, those included where the architecture's ABIs put their loaders.
    private var merged: [String] {
        let loaders: [String] =
            switch request.architecture {
            case .amd64: ["lib32", "lib64", "libx32"]
            case .i386: ["lib64", "libx32"]
            case .arm64, .armhf: []
            }
        return ["bin", "sbin", "lib"] + loaders
    }

    /// For a program that runs before, or without, a file system of devices; those that debootstrap makes.
    private func makeDevices() throws(ArchiveError) {
        let nodes: [(name: String, major: UInt32, minor: UInt32)] = [
            ("console", 5, 1), ("full", 1, 7), ("null", 1, 3), ("ptmx", 5, 2), ("random", 1, 8), ("tty", 5, 0),
            ("urandom", 1, 9), ("zero", 1, 5),
        ]
        for node in nodes {
            try tree.makeCharacterDevice("dev/\(node.name)", major: node.major, minor: node.minor)
        }
        for name in ["dev/pts", "dev/shm"] { try tree.makeDirectories(name) }
        let links = [
            "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
        ]
        for (name, target) in links.sorted(by: { $0.key < $1.key }) { try tree.makeLink("dev/\(name)", to: target) }
    }

    /// - Parameter automatic: packages that only others need.
    func finish(automatic: [String]) throws(ArchiveError) {
        // Others read it: without the password of an address.
        var shown = request
        shown.sources = request.sources.map { .init(mirror: MirrorURL.withoutUser($0.mirror), suite: $0.suite) }
        try tree.write(Array(shown.sourcesList(options: "").utf8), to: "etc/apt/sources.list")
        if !automatic.isEmpty {
            let marks = automatic.sorted().map { name in
                "Package: \(name)\nArchitecture: \(request.architecture)\nAuto-Installed: 1\n\n"
            }
            try tree.write(Array(marks.joined().utf8), to: "var/lib/apt/extended_states")
        }
        // What tells when and where it was installed, and nothing else (as mmdebstrap).
        for name in [
            "var/log/dpkg.log", "var/log/alternatives.log", "var/log/apt/history.log", "var/log/apt/term.log",
            "var/log/apt/eipp.log.xz", "var/cache/ldconfig/aux-cache", "var/lib/dbus/machine-id",
        ] {
            try tree.remove(name)
        }
        // Empty, it is made anew at the first boot (machine-id(5)).
        if try tree.contents(of: "etc/machine-id") != nil {
            try tree.write([], to: "etc/machine-id")
        }
    }
}
