import GuestModel
import Testing

@testable import Commands

@Suite("Names and numbers of many guests")
struct FleetTests {
    @Test(
        "a pattern has the number in its place",
        arguments: [
            ("web%d", 7, "web7"), ("web%02d", 7, "web07"), ("web%02d", 123, "web123"),
            ("node%03d.example.org", 12, "node012.example.org"), ("%d", 0, "0"),
        ])
    func names(pattern: String, number: Int, name: String) throws {
        #expect(try NamePattern(pattern).name(number) == name)
    }

    @Test(
        "others are refused", arguments: ["web", "web%", "web%s", "web%2d", "web%0d%d", "web%010d", "web%-1d", "%%d"])
    func refused(pattern: String) {
        #expect(throws: ValueError.self) { try NamePattern(pattern) }
    }

    @Test("the numbers begin where they are told to, and the limit is the host's CPUs")
    func numbers() throws {
        var options = FleetOptions()
        options.count = nil
        options.start = nil
        options.parallel = nil
        #expect(try options.numbers() == nil && options.limit(cores: 4, clones: false) == 4)
        #expect(try options.limit(cores: 64, clones: false) == 8)
        #expect(try options.limit(cores: 2, clones: true) == 8 && options.limit(cores: 64, clones: true) == 16)
        options.count = "3"
        #expect(try options.numbers() == 1...3)
        options.start = "0"
        options.parallel = "20"
        #expect(try options.numbers() == 0...2 && options.limit(cores: 2, clones: true) == 20)
        for bad in ["0", "-1", "+2", "many", "10001", ""] {
            options.count = bad
            #expect(throws: OptionError.self) { try options.numbers() }
        }
    }
}
