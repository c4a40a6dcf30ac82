import FakeHost
import GuestModel
import Testing

@testable import Installer

@Suite("Release files") struct ReleaseFileTests {
    private static let digest = String(repeating: "a1", count: 32)

    private static func text(_ change: (inout [String]) -> Void = { _ in }) -> String {
        var lines = [
            "Origin: Debian", "Suite: oldstable", "Codename: bookworm", "Date: Sat, 17 May 2025 09:03:51 UTC",
            "MD5Sum:",
            " d41d8cd98f00b204e9800998ecf8427e 0 main/x", "SHA256:", " \(digest) 78509 main/installer/SHA256SUMS",
            " \(digest) 7 contrib/y",
        ]
        change(&lines)
        return lines.joined(separator: "\n") + "\n"
    }

    @Test("days are counted as everybody counts them")
    func dates() throws {
        #expect(ReleaseFile.seconds("Sat, 17 May 2025 09:03:51 UTC") == 1_747_472_631)
        #expect(ReleaseFile.seconds("Thu, 1 Jan 1970 00:00:00 GMT") == 0)
        #expect(ReleaseFile.seconds("Sat, 29 Feb 2020 23:59:59 +0000") == 1_583_020_799)
        for text in ["17.5.2025", "", "Sat, 17 Mai 2025 09:03:51 UTC", "Sat, 17 May 2025 24:00:00 UTC", "1 1 1 1 1 1"] {
            #expect(ReleaseFile.seconds(text) == nil)
        }
        for day in stride(from: Int64(-200_000), to: 200_000, by: 97) {
            let parts = CalendarDay.text(day * 86400).split(separator: "-").compactMap { Int($0) }
            guard parts.count == 3 else { continue }
            #expect(CalendarDay.sinceEpoch(year: parts[0], month: parts[1], day: parts[2]) == day)
        }
        #expect(CalendarDay.text(1_747_472_631) == "2025-05-17")
    }

    @Test("the digests that count are those of SHA-256, and the suite is known by each of its names")
    func reading() throws {
        let file = try ReleaseFile(Self.text(), file: "Release")
        #expect(
            file.files == [
                "main/installer/SHA256SUMS": .init(sha256: Self.digest, size: 78509),
                "contrib/y": .init(sha256: Self.digest, size: 7),
            ])
        #expect(
            file.isOf("bookworm") && file.isOf("oldstable") && file.isOf("bookworm/updates") && !file.isOf("trixie"))
        #expect(file.validUntil == nil)
    }

    @Test("what proves nothing, or cannot be read, is refused")
    func refused() {
        for change in [
            { (lines: inout [String]) in lines.removeAll { $0.hasPrefix("Date") } },
            { lines in lines[3] = "Date: tomorrow" }, { lines in lines.append(" zz 1 x") },
            { lines in lines.append(" \(Self.digest) -1 x") },
            { lines in lines = Array(lines.prefix(6)) }, { lines in lines.insert("Valid-Until: never", at: 4) },
        ] as [(inout [String]) -> Void] {
            let error = #expect(throws: InstallerError.self) { try ReleaseFile(Self.text(change), file: "Release") }
            #expect(error?.cause == .badData)
        }
    }

    @Test("an index leads to a package by its whole name")
    func stanza() throws {
        let index = Array(
            ("Package: ab\nVersion: 1\nFilename: pool/ab.deb\nSize: 3\nSHA256: \(Self.digest)\n\n"
                + "Package: a\nVersion: 2\nDescription: x\n Package: c\nFilename: pool/a.deb\nSize: 4\nSHA256: \(Self.digest)\n")
                .utf8)
        #expect(PackageStanza(named: "a", in: index)?.version == "2")
        #expect(PackageStanza(named: "ab", in: index)?.size == 3)
        for name in ["c", "b", ""] { #expect(PackageStanza(named: name, in: index) == nil) }
        let hostile = Array("Package: a\nVersion: 1\nFilename: ../../etc/x\nSize: 4\nSHA256: \(Self.digest)\n".utf8)
        #expect(PackageStanza(named: "a", in: hostile) == nil)
    }

    @Test("packages of one kind are found by how their names begin and end, wherever they stand")
    func names() {
        let index = Array("Package: d-12-x\nDescription: Package: d-9-x\n\nPackage: d-13-x\n\nPackage: d-13-xy".utf8)
        #expect(PackageStanza.names(in: index, from: "d-", to: "-x") == ["d-12-x", "d-13-x"])
        #expect(PackageStanza.names(in: index, from: "d-", to: "-xy") == ["d-13-xy"])
        #expect(PackageStanza.names(in: [], from: "d-", to: "-x") == [])
    }
}

/// What Domus answers for a guest.
@Suite("A guest's answers") struct GuestPreseedTests {
    private func text(_ change: (inout GuestSpec) -> Void) throws -> Preseed {
        let template = try shippedTemplate()
        let text = try GuestPreseed(Sample.guest(change: change)).text(
            template: template, file: "t", passwordHash: "$6$salt$" + String(repeating: "a", count: 86))
        return try Preseed(parsing: text, file: "t")
    }

    @Test("have nothing that the catalogue does not know, and nothing that is wrong")
    func known() throws {
        let preseed = try text { $0.interface = Sample.interface(.fixed([Sample.address("192.0.2.11", 24)])) }
        let problems = preseed.problems(against: try shippedCatalogue(), release: "bookworm")
        #expect(problems.map(\.description) == [])
    }

    @Test("say fixed addresses only where there are")
    func network() throws {
        let fixed = try text { $0.interface = Sample.interface(.fixed([Sample.address("192.0.2.11", 24)])) }
        #expect(fixed["netcfg/get_ipaddress"]?.value == "192.0.2.11")
        #expect(fixed["netcfg/get_netmask"]?.value == "255.255.255.0")
        #expect(fixed["netcfg/disable_autoconfig"]?.value == "true")
        let dynamic = try text { _ in }
        #expect(dynamic["netcfg/get_ipaddress"] == nil && dynamic["netcfg/disable_autoconfig"] == nil)
    }

    @Test("lay out the partitions that were asked for")
    func recipe() throws {
        let preseed = try text { spec in
            spec.storage.partitions = [
                Sample.partition("swap", 128, nil), Sample.partition("disk", 1024),
                Sample.partition("srv", 512, .xfs, at: "/srv"),
                Sample.partition("home", 100, at: "/home"),
            ]
        }
        let recipe = try #require(preseed["partman-auto/expert_recipe"]?.value)
        #expect(recipe.hasPrefix("domus :: "))
        #expect(recipe.contains("134 134 134 linux-swap method{ swap } format{ } ."))
        #expect(recipe.contains("965 1073 -1 ext4 $bootable{ } method{ format }"))
        #expect(
            recipe.contains(
                "536 536 536 xfs method{ format } format{ } use_filesystem{ } filesystem{ xfs } mountpoint{ /srv } ."))
        // Four do not fit beside an extended one.
        #expect(!recipe.contains("$primary"))
        // The largest takes the rest: exactly one.
        #expect(recipe.ranges(of: " -1 ").count == 1)
    }

    @Test("never tell the installer of a mirror that it does not reach, or of a password")
    func mirrors() {
        for mirror in ["file:///srv/debian", "copy:/x", "http://user:word@mirror.example/debian"] {
            let error = #expect(throws: InstallerError.self) { try text { $0.install.mirror = mirror } }
            #expect(error?.message.contains("word@") == false)
        }
    }
}

@Suite("The installer's console") struct InstallerConsoleTests {
    @Test(
        "tells what it does, and when it waits for somebody",
        arguments: [
            ("Detecting network hardware  ... 2%... 95%", InstallerConsole.does("Detecting network hardware")),
            (
                "x\r\nInstalling the base system  ... 0%\r\nNov 29 20:41:41 main-menu[2306]: INFO\r\n",
                .does("Installing the base system")
            ),
            (
                "!! ERROR: Architecture not supported\r\n\r\nThe mirror\r\n[Press enter to continue] ",
                .asks("!! ERROR: Architecture not supported")
            ),
            ("Select your location\r\n  1: a\r\nPrompt: '?' for help> ", .asks("1: a")),
        ])
    func states(text: String, state: InstallerConsole) {
        #expect(InstallerConsole(tail: Array(text.utf8)) == state)
    }

    @Test("whatever it says, no control character goes through, and nothing is made of nothing")
    func hostile() {
        #expect(InstallerConsole(tail: []) == nil)
        #expect(InstallerConsole(tail: [0xFF, 0xFE, 0x0A]) == nil)
        guard case .asks(let question)? = InstallerConsole(tail: Array("a\u{1B}[2Jb\nPrompt: ".utf8)) else {
            Issue.record("it asks")
            return
        }
        #expect(question == "a[2Jb")
    }
}
