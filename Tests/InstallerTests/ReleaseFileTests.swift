import Testing

@testable import Installer

@Suite struct ReleaseFileTests {
    @Test func dates() throws {
        #expect(ReleaseFile.seconds("Sat, 17 May 2025 09:03:51 UTC") == 1_747_472_631)
        #expect(ReleaseFile.seconds("Thu, 1 Jan 1970 00:00:00 GMT") == 0)
        #expect(ReleaseFile.seconds("Sat, 29 Feb 2020 23:59:59 +0000") == 1_583_020_799)
        #expect(ReleaseFile.seconds("17.5.2025") == nil)
        #expect(CalendarDay.text(1_747_472_631) == "2025-05-17")
        #expect(CalendarDay.text(1_583_020_799) == "2020-02-29")
    }
}
