import SystemPackage

/// The entries of cpio archives in the new format, one archive behind the other, read as the kernel does
/// (`init/initramfs.c` of Linux): zeros between them are passed over, and an archive begins at a multiple of four bytes.
struct CPIOStream: ~Copyable {
    struct Entry: Equatable {
        /// As it stands there.
        var name: [UInt8]
        /// In bytes.
        var size: Int64
    }

    /// Where it stands: behind the last entry, its content and the zeros after it; before what is none, at the end.
    private(set) var position: Int64
    /// Whether an archive has been met, be it without a file.
    private(set) var isArchive = false

    private let pull: () throws(ArchiveError) -> UnsafeRawBufferPointer
    private let name: String
    private var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Bytes before the piece that have been looked at.
    private var held: [UInt8] = []
    private var contentLeft: Int64 = 0
    private var isInside = false

    private static let headerSize = 110
    private static let magics = ["070701", "070702"].map { Array($0.utf8) }
    private static let trailer = Array("TRAILER!!!".utf8)

    /// - Parameters:
    ///   - position: of the first byte, since archives are aligned by it.
    ///   - pull: the next bytes, none at the end; they stay until its next call.
    init(
        at position: Int64, name: String, _ pull: @escaping () throws(ArchiveError) -> UnsafeRawBufferPointer
    ) {
        self.position = position
        self.name = name
        self.pull = pull
    }

    /// The next entry; nil where none begins.
    mutating func next() throws(ArchiveError) -> Entry? {
        if isInside {
            isInside = false
            try skip(contentLeft)
            try align()
        }
        while true {
            guard try hold(6), position % 4 == 0, Self.magics.contains(Array(held.prefix(6))) else {
                try skipZeros()
                guard try hold(6), position % 4 == 0, Self.magics.contains(Array(held.prefix(6))) else { return nil }
                continue
            }
            let header = try take(Self.headerSize)
            guard let size = Self.number(header[54..<62]), let nameSize = Self.number(header[94..<102]),
                (1...4096).contains(nameSize)
            else { throw ArchiveError(.damaged, "could not read archive \(name): it is damaged") }
            let entry = try take(Int(nameSize)).dropLast()
            isArchive = true
            try align()
            if entry.elementsEqual(Self.trailer) {
                try skip(size)
                try skipZeros()
                continue
            }
            contentLeft = size
            isInside = true
            return Entry(name: Array(entry), size: size)
        }
    }

    /// The content of the entry, or its first bytes.
    mutating func content(limit: Int) throws(ArchiveError) -> [UInt8] {
        let count = min(contentLeft, Int64(limit))
        contentLeft -= count
        return try take(Int(count))
    }

    // Int's own initializer would take a sign.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        let text = String(decoding: digits, as: UTF8.self)
        return text.allSatisfy(\.isHexDigit) ? Int64(text, radix: 16) : nil
    }

    // MARK: - Bytes

    private mutating func align() throws(ArchiveError) {
        // What ends before is short of nothing.
        let missing = Int((4 - position % 4) % 4)
        if try hold(missing) { try skip(Int64(missing)) } else { try skip(Int64(held.count)) }
    }

    private mutating func take(_ count: Int) throws(ArchiveError) -> [UInt8] {
        guard try hold(count) else { throw truncated }
        let bytes = Array(held.prefix(count))
        held.removeFirst(count)
        position += Int64(count)
        return bytes
    }

    private mutating func skip(_ count: Int64) throws(ArchiveError) {
        var left = count
        let known = Int(min(Int64(held.count), left))
        held.removeFirst(known)
        left -= Int64(known)
        while left > 0 {
            guard try refill() else { throw truncated }
            let step = Int(min(Int64(piece.count), left))
            piece = UnsafeRawBufferPointer(rebasing: piece.dropFirst(step))
            left -= Int64(step)
        }
        position += count
    }

    private mutating func skipZeros() throws(ArchiveError) {
        while true {
            let zeros = held.prefix { $0 == 0 }.count
            held.removeFirst(zeros)
            position += Int64(zeros)
            guard held.isEmpty, try refill() else { return }
            let step = piece.firstIndex { $0 != 0 } ?? piece.count
            position += Int64(step)
            piece = UnsafeRawBufferPointer(rebasing: piece.dropFirst(step))
            if !piece.isEmpty { return }
        }
    }

    /// Looks ahead; false where fewer bytes are left.
    private mutating func hold(_ count: Int) throws(ArchiveError) -> Bool {
        while held.count < count {
            guard try refill() else { return false }
            let step = min(piece.count, count - held.count)
            held.append(contentsOf: piece.prefix(step))
            piece = UnsafeRawBufferPointer(rebasing: piece.dropFirst(step))
        }
        return true
    }

    private mutating func refill() throws(ArchiveError) -> Bool {
        if piece.isEmpty { piece = try pull() }
        return !piece.isEmpty
    }

    private var truncated: ArchiveError {
        ArchiveError(
            .truncated, "could not read archive \(name): it is truncated: it ends inside of an entry",
            hint: DecompressedStream.fetchAgain)
    }
}
