/// The name of an entry, or the target of a hard link, made relative to the root and free of `..`.
///
/// `./usr/bin`, `usr/bin`, `/usr/bin` and `usr//./bin/` are all `usr/bin`: a leading slash means the guest's root. A
/// name that climbs with `..` is refused even where it would stay inside: no tool that packs a root makes one.
struct EntryName: Equatable {
    /// The parts joined with `/`; empty for the root itself.
    let bytes: [UInt8]

    enum Flaw: Error, Equatable {
        case climbs
        case missing
    }

    init(_ name: [UInt8]?) throws(Flaw) {
        guard let name, !name.isEmpty else { throw .missing }
        let slash = UInt8(ascii: "/")
        let dot = UInt8(ascii: ".")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.count)
        for part in name.split(separator: slash) where part != [dot] {
            guard part != [dot, dot] else { throw .climbs }
            if !bytes.isEmpty {
                bytes.append(slash)
            }
            bytes.append(contentsOf: part)
        }
        self.bytes = bytes
    }

    var isRoot: Bool { bytes.isEmpty }
}
