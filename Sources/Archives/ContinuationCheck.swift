import Glibc

/// Looks through a disc image's blocks, before libarchive has them, for Rock Ridge entries that would keep it busy for ever.
///
/// A file's system use entries may go on in another place ("CE", IEEE P1281 5.1), and those there may go on again.
/// libarchive follows one that leads back to its own block without end (up to 3.8.9 at least; its commit ee625255 mends it),
/// and where each of several entries leads to several more, their number grows with every block.
/// It asks for no bytes meanwhile, so that nothing could stop it.
///
/// What is counted is whatever looks like such an entry. That takes in all that libarchive takes for one, which does not
/// look across the end of a block; and no other bytes of a directory look like it by accident.
struct ContinuationCheck {
    static let block = 2048

    /// The blocks where entries go on.
    private var continued: Set<UInt32> = []
    /// Entries that go on from a directory, and from such a block.
    private var firsts = 0
    private var seconds = 0
    private var relocations = 0

    // A DVD of packages has some thousands of the first kind, and one of the second for each of their blocks at most.
    private static let mostSteps = 50_000_000
    private static let mostRelocations = 10_000

    /// Whether libarchive may read a block.
    ///
    /// - Parameter number: counted in blocks from the beginning of the image.
    mutating func allows(_ bytes: UnsafeRawBufferPointer, number: UInt32) -> Bool {
        let isContinued = continued.contains(number)
        var found = 0
        var next = 0
        while next + 8 <= bytes.count, let start = bytes.baseAddress,
            let letter = memchr(start + next, Int32(UInt8(ascii: "C")), bytes.count - next - 7)
        {
            let index = UnsafeRawPointer(letter) - start
            next = index + 1
            guard bytes[index + 3] == 1 else { continue }
            switch (bytes[index + 1], bytes[index + 2]) {
            case (UInt8(ascii: "E"), 28):
                let target = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
                guard target != number else { return false }
                continued.insert(target)
                found += 1
            case (UInt8(ascii: "L"), 12):
                // Each is compared with every directory that was moved.
                relocations += 1
            default:
                continue
            }
        }
        if isContinued { seconds += found } else { firsts += found }
        return (found < 2 || !isContinued) && relocations <= Self.mostRelocations
            && firsts * (seconds + 1) <= Self.mostSteps
    }
}
