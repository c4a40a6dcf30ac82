import Testing

@testable import GuestModel

@Suite("Architecture")
struct ArchitectureTests {
    @Test("Debian's names are read", arguments: Architecture.allCases)
    func reads(architecture: Architecture) throws {
        #expect(try Architecture(parsing: architecture.rawValue) == architecture)
        #expect("\(architecture)" == architecture.rawValue)
    }

    @Test(
        "other names are refused, with the known ones as a hint",
        arguments: [
            "", "x86_64", "AMD64", "aarch64", "i686", "riscv64", "amd64\n", "any",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try Architecture(parsing: text) }
        #expect(error.message.contains("\"\(text)\""))
        #expect(error.hint?.contains("amd64") == true)
    }

    @Test("a host runs its own programs and those of its 32-bit kin")
    func executes() {
        for host in Architecture.allCases {
            for guest in Architecture.allCases {
                let isKin = (host == .amd64 && guest == .i386) || (host == .arm64 && guest == .armhf)
                #expect(host.executes(guest) == (host == guest || isKin), "\(guest) on \(host)")
            }
        }
    }
}

@Suite("Type of guest")
struct GuestTypeTests {
    @Test("known types are read", arguments: GuestType.allCases)
    func reads(type: GuestType) throws {
        #expect(try GuestType(parsing: type.rawValue) == type)
    }

    @Test("other types are refused, with the known ones as a hint", arguments: ["", "PV", "hv", "hybrid ", "kvm"])
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try GuestType(parsing: text) }
        #expect(error.hint == "known are pv, pvh, hvm, pvhvm")
    }

    @Test("what talks call hybrid is PVH")
    func hybrid() throws { #expect(try GuestType(parsing: "hybrid") == .pvh) }
}

@Suite("Day of the calendar")
struct CalendarDateTests {
    @Test("a day is read, printed and ordered")
    func reads() throws {
        let days = try ["1993-08-16", "2023-06-10", "2023-06-11", "2023-07-01", "2024-01-01", "2024-02-29"].map {
            text in
            let date = try #require(CalendarDate(iso: text))
            #expect("\(date)" == text)
            return date
        }
        #expect(days.sorted() == days)
    }

    @Test(
        "what is no day is none",
        arguments: [
            "", "2023", "2023-06", "2023-6-10", "2023-06-1", "2023-13-01", "2023-00-01", "2023-01-00", "2023-01-32",
            "2023-02-29", "1900-02-29", "2023-04-31", "20230610", "2023/06/10", "+023-06-10", "2023-+6-10",
            "2023-06--1", " 2023-06-10",
            "2023-06-10 ", "2023-06-10T00:00", "٢٠٢٣-06-10",
        ]
    )
    func refuses(text: String) {
        #expect(CalendarDate(iso: text) == nil)
    }
}

@Suite("Name of an interface")
struct InterfaceNameTests {
    @Test("names that Linux takes", arguments: ["br0", "xenbr0", "vif-web1", "eth0.100", "a_b", "123456789012345"])
    func accepts(name: String) throws {
        try NetworkInterface.checkInterfaceName(name, what: "bridge")
    }

    @Test(
        "other names are refused, and say of what",
        arguments: [
            "", ".", "..", "1234567890123456", "br 0", "br/0", "br0\n", "br,0", "brücke", "br'0", "br=0", "br0\0",
        ]
    )
    func refuses(name: String) throws {
        let error = try #require(throws: ValueError.self) {
            try NetworkInterface.checkInterfaceName(name, what: "bridge")
        }
        #expect(error.message == "\"\(name)\" is not the name of a bridge")
        #expect(error.hint != nil)
    }
}

@Suite("Release")
struct ReleaseTests {
    @Test("the title has the number, if there is one")
    func title() {
        func release(_ distribution: Distribution, _ codename: String, _ version: String?) -> Release {
            Release(
                distribution: distribution,
                codename: codename,
                version: version,
                released: nil,
                endOfLife: nil,
                isArchived: false
            )
        }
        #expect(release(.debian, "bookworm", "12").title == "Debian 12 (bookworm)")
        #expect(release(.ubuntu, "noble", "24.04").title == "Ubuntu 24.04 (noble)")
        #expect(release(.debian, "sid", nil).title == "Debian sid")
        #expect("\(release(.debian, "sid", nil))" == "sid")
    }
}
