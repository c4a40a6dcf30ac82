import LinuxHost
import Storage
import XenConfig

/// A guest's root file system, looked into from outside: what it mounts, and where it lets people log in.
///
/// It is read by Domus itself, a file at a time, and never mounted: what is in there may be made to hurt who looks. Whatever
/// cannot be read, or is not understood, is not judged.
struct GuestSystem {
    let reader: ExtReader
    /// What the guest calls its root.
    let root: String

    /// The root among a guest's file systems: the one that the kernel is told of, or else the only one with an `/etc/fstab`,
    /// where all of them can be looked into.
    init?(on disks: GuestPieces, told root: GuestPieces.Root, host: Host) {
        let pieces: [GuestPieces.Piece]
        switch root {
        case .uuid(let uuid): pieces = disks.pieces.filter { $0.content.uuid.lowercased() == uuid.lowercased() }
        case .device(let name): pieces = disks.pieces.filter { $0.name == name }
        case .unknown:
            let systems = disks.pieces.filter { !$0.content.isSwap }
            guard disks.isWhole, systems.allSatisfy(\.isExt) else { return nil }
            pieces = systems
        }
        var found: [(ExtReader, String)] = []
        for piece in pieces where piece.isExt {
            let files = host.files
            let reader = try? ExtReader(budget: 8 << 20) { offset, count in
                let start = piece.range.lowerBound + offset
                guard start < piece.range.upperBound else { return [] }
                let rest = min(Int64(count), piece.range.upperBound - start)
                return try files.bytes(of: piece.path, at: start, count: Int(rest))
            }
            guard let reader, (try? reader.entry(at: "/etc/fstab"))??.kind == .file else { continue }
            found.append((reader, piece.name))
        }
        guard found.count == 1 else { return nil }
        (reader, self.root) = found[0]
    }

    /// The lines of a file that are no comments, each as its words are separated there; nil where there is no such file.
    ///
    /// By bytes: to Swift a carriage return and a line feed are one character, and what is in there is the guest's.
    func lines(of path: String) throws(ExtError) -> [[UInt8]]? {
        guard let bytes = try reader.contents(of: path, limit: 256 << 10) else { return nil }
        return bytes.split { $0 == 0x0A || $0 == 0x0D }.map { $0.drop { $0 == 0x20 || $0 == 0x09 } }
            .filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }.map(Array.init)
    }

    static func words(of line: some Collection<UInt8>) -> [String] {
        line.split { $0 == 0x20 || $0 == 0x09 }.map { String(decoding: Array($0), as: UTF8.self) }
    }

    /// systemd is where it is, or where the root of a guest with a /usr of its own leads to.
    var hasSystemd: Bool {
        get throws(ExtError) {
            for path in ["/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/etc/systemd/system"] {
                if try reader.entry(at: path) != nil { return true }
            }
            return false
        }
    }

    // MARK: fstab

    struct Mount {
        let source: String
        let target: String
        let isSwap: Bool
        /// Whether the guest starts without it.
        let isOptional: Bool
    }

    /// fstab(5).
    var mounts: [Mount] {
        get throws(ExtError) {
            try (lines(of: "/etc/fstab") ?? []).compactMap { line in
                let fields = Self.words(of: line)
                guard fields.count >= 2 else { return nil }
                let options = fields.count > 3 ? fields[3].split(separator: ",") : []
                return Mount(
                    source: fields[0].filter { $0 != "\"" && $0 != "'" }, target: fields[1],
                    isSwap: fields.count > 2 && fields[2] == "swap",
                    isOptional: options.contains {
                        ["nofail", "noauto", "_netdev", "x-systemd.automount"].contains($0)
                    })
            }
        }
    }
}
