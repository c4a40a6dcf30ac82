import TestSupport
import Testing
import XenConfig

@Suite("Xen's notes in a kernel")
struct XenNotesTests {
    @Test(
        "what a kernel can be is what its notes say, in files of 32 and of 64 bits",
        arguments: [
            ([1, 18, 6], true, true, true), ([18, 5], false, true, true), ([1], true, false, true),
            ([5, 6], false, false, true), ([], false, false, false),
        ] as [([UInt8], Bool, Bool, Bool)], [true, false])
    func types(notes: ([UInt8], Bool, Bool, Bool), isWide: Bool) throws {
        let read = try #require(XenNotes(elf: KernelFiles.elf(notes: notes.0, isWide: isWide)))
        #expect(read.startsAsPV == notes.1)
        #expect(read.startsAsPVH == notes.2)
        #expect(read.knowsXen == notes.3)
    }

    @Test("what is no ELF file says nothing")
    func none() {
        #expect(XenNotes(elf: []) == nil)
        #expect(XenNotes(elf: Array("\u{7F}ELF".utf8)) == nil)
        #expect(XenNotes(elf: KernelFiles.kernel(version: "6.1.0")) == nil)
    }

    @Test("a damaged file is read to its end and no further", arguments: [true, false])
    func damaged(isWide: Bool) {
        let whole = KernelFiles.elf(notes: [1, 18], isWide: isWide)
        for length in 0..<whole.count { _ = XenNotes(elf: Array(whole.prefix(length))) }
        for place in 0..<whole.count {
            for value in [0x00, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = whole
                for index in place..<min(place + 8, bytes.count) { bytes[index] = value }
                _ = XenNotes(elf: bytes)
            }
        }
    }
}
