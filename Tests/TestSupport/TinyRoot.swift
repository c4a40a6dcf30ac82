import Glibc
import SystemPackage

/// A Debian-like root of about 2 MB: busybox with its commands, accounts, release files, a kernel and its initial RAM
/// disk. A list of entries that a test may change before it becomes a directory or a tar archive.
package struct TinyRoot: Sendable {
    /// Deviations for tests of bad input.
    package enum Variant: Sendable {
        case plain
        /// Links lead out of the tree into `outside` at the places that tailoring writes to (`etc/hostname`, `etc/fstab`,
        /// `etc/network`, `root`, `boot/grub` ...), absolute and relative, and `proc`, `dev` and `tmp` are links too.
        /// `outside` should hold a few files; nothing in it may change.
        case symlinkAttack(outside: FilePath)
        /// The tar archive holds entries that step out: `../../../../../../../../OUTSIDE/dotdot`, an absolute
        /// `OUTSIDE/absolute`, and `OUTSIDE/through-link` behind a link. For `asTar` only.
        case pathTraversal(outside: FilePath)
        /// The tar archive ends in the middle (after compression: a truncated download). For `asTar` only.
        case truncated
    }

    /// How `asTar` compresses.
    package enum Compression: String, Sendable, CaseIterable {
        case none = "", gzip, bzip2, xz, zstd

        /// The usual suffix after `.tar`, `".gz"`; empty for none.
        package var suffix: String {
            switch self {
            case .none: ""
            case .gzip: ".gz"
            case .bzip2: ".bz2"
            case .xz: ".xz"
            case .zstd: ".zst"
            }
        }
    }

    /// The version of the kernel in `boot`.
    package static let kernelVersion = "6.1.0-test-amd64"

    /// In the order in which they are written; a later entry replaces an earlier one of the same path.
    package var entries: [TreeEntry]
    private let variant: Variant

    /// Throws when busybox is not installed.
    package init(_ variant: Variant = .plain) throws {
        self.variant = variant
        entries = try Self.plainEntries()
        if case .symlinkAttack(let outside) = variant { attack(outside) }
    }

    /// Writes the tree into a new or empty directory. Owners and devices are right when root does it.
    package func asDirectory(_ directory: FilePath) throws {
        switch variant {
        case .plain, .symlinkAttack: break
        case .pathTraversal, .truncated: throw TestSupportError("\(variant) exists only as a tar archive")
        }
        try TreeEntry.write(entries, below: directory)
    }

    /// Writes `DIRECTORY/NAME.tar` with the suffix of the compression and returns its path. Owned by root, whoever does
    /// it. Uses the host's compressor of that name.
    @discardableResult
    package func asTar(
        in directory: FilePath,
        name: String = "root",
        compression: Compression = .none
    ) async throws -> FilePath {
        var writer = TarWriter()
        for entry in entries { try writer.append(entry) }
        if case .pathTraversal(let outside) = variant {
            let inside = outside.string.drop { $0 == "/" }
            try writer.append(.file(String(repeating: "../", count: 8) + "\(inside)/dotdot", "out\n"))
            try writer.append(.file("\(outside)/absolute", "out\n"))
            try writer.append(.link("escape", to: outside.string))
            try writer.append(.file("escape/through-link", "out\n"))
        }
        writer.finish()

        let plain = directory.appending("\(name).tar")
        try writeFile(plain, writer.bytes)
        if compression != .none {
            // The fastest level: it is about the format.
            try await run(compression.rawValue, ["-1", plain.string]).orThrow()
            if compression == .zstd { unlink(plain.string) }
        }
        let result = directory.appending("\(name).tar\(compression.suffix)")
        if case .truncated = variant {
            var status = stat()
            guard stat(result.string, &status) == 0, truncate(result.string, status.st_size / 2) == 0 else {
                throw TestSupportError("cannot truncate \(result): \(Errno(rawValue: errno))")
            }
        }
        return result
    }

    private mutating func attack(_ outside: FilePath) {
        let up = String(repeating: "../", count: 12) + String(outside.string.drop { $0 == "/" })
        let links = [
            ("etc/hostname", "\(outside)/hostname"),
            ("etc/hosts", "\(outside)/hosts"),
            ("etc/fstab", "\(up)/fstab"),
            ("etc/network", "\(outside)/network"),
            ("etc/apt", "\(up)/apt"),
            ("etc/ssh", "\(outside)/ssh"),
            ("etc/inittab", "\(outside)/inittab"),
            ("etc/resolv.conf", "\(outside)/resolv.conf"),
            ("etc/shadow", "\(outside)/shadow"),
            ("etc/machine-id", "\(up)/machine-id"),
            ("root", "\(outside)/root"),
            ("boot/grub", "\(outside)/grub"),
            ("proc", "\(outside)/proc"),
            ("dev", "\(up)/dev"),
            ("tmp", "\(outside)/tmp"),
        ]
        for (path, target) in links {
            entries.removeAll { $0.path == path || $0.path.hasPrefix("\(path)/") }
            entries.append(.link(path, to: target))
        }
    }
}
