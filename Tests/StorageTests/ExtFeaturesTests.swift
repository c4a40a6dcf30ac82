import GuestModel
import Storage
import Testing

@Suite("Features of ext file systems")
struct ExtFeaturesTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let guest: ExtFeatures.Guest
        let hasChecksums: Bool
    }

    static let cases = [
        Case(
            testDescription: "wheezy",
            guest: .init(
                kernel: [3, 2, 0], e2fsprogs: [1, 42, 5], released: CalendarDate(year: 2013, month: 5, day: 4)),
            hasChecksums: false),
        Case(
            testDescription: "bookworm",
            guest: .init(
                kernel: [6, 1, 0], e2fsprogs: [1, 47, 0], released: CalendarDate(year: 2023, month: 6, day: 10)),
            hasChecksums: true),
        Case(
            testDescription: "an old kernel under new programs", guest: .init(kernel: [3, 2], e2fsprogs: [1, 47, 0]),
            hasChecksums: false),
        Case(
            testDescription: "a new kernel under old programs", guest: .init(kernel: [6, 1], e2fsprogs: [1, 42, 13]),
            hasChecksums: false),
        Case(
            testDescription: "the first of both", guest: .init(kernel: [3, 18], e2fsprogs: [1, 43]), hasChecksums: true),
        Case(
            testDescription: "only an old release is known",
            guest: .init(released: CalendarDate(year: 2015, month: 4, day: 25)),
            hasChecksums: false),
        Case(
            testDescription: "only a new release is known",
            guest: .init(released: CalendarDate(year: 2017, month: 6, day: 17)),
            hasChecksums: true),
        Case(testDescription: "nothing is known: testing or unstable", guest: .init(), hasChecksums: true),
    ]

    @Test("checksums and 64 bits only where kernel and e2fsck read them", arguments: cases)
    func checksums(example: Case) {
        let names = ExtFeatures(kind: .ext4, guest: example.guest).names
        #expect(names.contains("metadata_csum") == example.hasChecksums)
        #expect(names.contains("64bit") == example.hasChecksums)
        #expect(names.contains("uninit_bg") == !example.hasChecksums)
    }

    @Test("what only the newest read is never taken", arguments: FileSystemKind.allCases.filter(\.isExt), cases)
    func newest(kind: FileSystemKind, example: Case) {
        let names = ExtFeatures(kind: kind, guest: example.guest).names
        #expect(
            Set(names).isDisjoint(with: ["orphan_file", "metadata_csum_seed", "casefold", "verity", "inline_data"]))
        #expect(Set(names).count == names.count)
        #expect(names.contains("has_journal") == (kind != .ext2))
        #expect(names.contains("extent") == (kind == .ext4))
    }
}
