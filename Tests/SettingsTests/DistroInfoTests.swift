import GuestModel
import SystemPackage
import Testing

@testable import Settings

@Suite("Releases of distro-info-data")
struct DistroInfoTests {
    @Test(
        "a name, an alias or a number finds its release on a day",
        arguments: [
            ("bookworm", "2026-02-01", "bookworm"), ("Bookworm", "2026-02-01", "bookworm"),
            (" bookworm ", "2026-02-01", "bookworm"), ("noble", "2026-02-01", "noble"),
            ("Noble Numbat", "2026-02-01", "noble"), ("12", "2026-02-01", "bookworm"),
            ("6", "2026-02-01", "squeeze"), ("6.0", "2026-02-01", "squeeze"), ("3.1", "2026-02-01", "sarge"),
            ("24.04", "2026-02-01", "noble"), ("24.04 LTS", "2026-02-01", "noble"), ("12.04", "2026-02-01", "precise"),
            ("4.10", "2026-02-01", "warty"), ("ubuntu/12.10", "2026-02-01", "quantal"),
            ("stable", "2026-02-01", "trixie"), ("stable", "2025-08-09", "trixie"),
            ("stable", "2025-08-08", "bookworm"),
            ("oldstable", "2026-02-01", "bookworm"), ("oldoldstable", "2026-02-01", "bullseye"),
            ("testing", "2026-02-01", "forky"), ("testing", "2025-08-08", "trixie"),
            ("unstable", "2026-02-01", "sid"), ("sid", "2026-02-01", "sid"), ("debian/stable", "2026-02-01", "trixie"),
            ("lts", "2026-02-01", "noble"), ("lts", "2026-04-23", "resolute"), ("lts", "2024-04-24", "jammy"),
            ("LTS", "2026-02-01", "noble"), ("devel", "2026-02-01", "resolute"),
            ("ubuntu/devel", "2026-02-01", "resolute"),
        ]
    )
    func resolves(name: String, today: String, codename: String) throws {
        #expect(try release(name, on: today).codename == codename)
    }

    @Test("what is known of a release")
    func details() throws {
        let noble = try release("noble")
        #expect(noble.distribution == .ubuntu)
        #expect(noble.version == "24.04")
        #expect(noble.released == day("2024-04-25"))
        #expect(noble.title == "Ubuntu 24.04 (noble)")
        let sid = try release("unstable")
        #expect(sid.version == nil && sid.released == nil && sid.endOfLife == nil && !sid.isArchived)
        #expect(try release("forky").released == nil)
    }

    @Test(
        "a release is archived from the day after the last support on its mirror",
        arguments: [
            // Debian: the LTS date if there is one, not the ELTS date.
            ("bullseye", "2026-08-31", false), ("bullseye", "2026-09-01", true),
            ("bookworm", "2026-06-11", false), ("lenny", "2012-02-06", false), ("lenny", "2012-02-07", true),
            ("wheezy", "2019-01-01", true),
            // Ubuntu: the last of all its supports.
            ("trusty", "2024-04-26", false), ("trusty", "2026-04-28", false), ("trusty", "2026-04-29", true),
            ("precise", "2019-04-26", false), ("precise", "2019-04-27", true), ("karmic", "2011-05-01", true),
            ("questing", "2026-07-10", true), ("sid", "2099-01-01", false),
        ]
    )
    func archived(name: String, today: String, isArchived: Bool) throws {
        #expect(try release(name, on: today).isArchived == isArchived)
    }

    @Test("data from before LTS and ESM is read, too")
    func oldColumns() throws {
        let text = "version,codename,series,created,release,eol\n7,Wheezy,wheezy,2011-02-06,2013-05-04,2016-04-25\n"
        let info = try DistroInfo(debian: named(text), ubuntu: nil)
        #expect(try info.resolve("wheezy", today: day("2016-04-26")).isArchived)
    }

    @Test("columns are found by their names, wherever they stand")
    func columnOrder() throws {
        let text = "series,eol,release,created,codename,version\nwheezy,2016-04-25,2013-05-04,2011-02-06,Wheezy,7\n\n"
        let wheezy = try DistroInfo(debian: named(text), ubuntu: nil).resolve("7", today: day("2014-01-01"))
        #expect(wheezy.released == day("2013-05-04"))
        #expect(wheezy.endOfLife == day("2016-04-25"))
    }

    @Test(
        "a name with a slip gets the nearest ones as a hint",
        arguments: [
            ("bokworm", "bookworm"), ("bookwrom", "bookworm"), ("trixi", "trixie"), ("nobel", "noble"),
            ("stabel", "stable"), ("tesing", "testing"),
        ]
    )
    func nearest(name: String, meant: String) throws {
        let error = try #require(throws: ValueError.self) { try release(name) }
        #expect(error.message.contains("\"\(name)\""))
        #expect(error.hint?.contains("did you mean \(meant)?") == true, "\(error.hint ?? "")")
        #expect(error.hint?.contains("distro-info-data") == true)
    }

    @Test(
        "a name that is like none gets no guess, but the hint to update",
        arguments: ["zzzzzzzz", "99", "windows", "x"]
    )
    func noGuess(name: String) throws {
        let error = try #require(throws: ValueError.self) { try release(name) }
        #expect(error.hint == "update the package distro-info-data if the release is newer than it")
    }

    @Test(
        "what cannot be installed says why",
        arguments: [
            ("experimental", "addition to sid"), ("rc-buggy", "addition to sid"), ("", "empty"), ("  ", "empty"),
            ("bookworm-backports", "addition to bookworm"), ("bookworm-security", "addition to bookworm"),
            ("buster/updates", "addition to buster"), ("stable-updates", "addition to stable"),
            ("duke", "before 2027-08-01"), ("15", "before 2027-08-01"), ("12.5", "point release"),
            ("12.10", "Ubuntu 12.10 (quantal) or a point release of Debian 12"), ("11.10", "oneiric"),
            ("debian/noble", "not a release"), ("ubuntu/stable", "not a release"),
        ]
    )
    func refuses(name: String, why: String) throws {
        let error = try #require(throws: ValueError.self) { try release(name) }
        #expect(error.message.contains(why), "\(error)")
        #expect(error.hint != nil)
    }

    @Test("a name that both distributions use is asked back")
    func ambiguous() throws {
        let header = "version,codename,series,created,release,eol\n"
        let info = try DistroInfo(
            debian: named(header + "50,Same,same,2020-01-01,2021-01-01,2030-01-01"),
            ubuntu: named(header + "40.04,Same,same,2020-01-01,2021-01-01,2030-01-01")
        )
        let error = try #require(throws: ValueError.self) { try info.resolve("same", today: day("2022-01-01")) }
        #expect(error.message.contains("Debian 50 (same) or Ubuntu 40.04 (same)"))
        #expect(error.hint == "write debian/same or ubuntu/same")
        #expect(try info.resolve("ubuntu/same", today: day("2022-01-01")).version == "40.04")
    }

    @Test(
        "data that is too old for an alias says so",
        arguments: [("stable", "2031-01-01"), ("lts", "2040-01-01"), ("devel", "2030-01-01")]
    )
    func outdated(alias: String, today: String) throws {
        let error = try #require(throws: ValueError.self) { try release(alias, on: today) }
        #expect(error.message.contains("\"\(alias)\" is on \(today)"))
        #expect(error.hint?.contains("update the package distro-info-data") == true)
    }

    @Test(
        "a broken file is refused at its line",
        arguments: [
            (1, "", "column \"version\""), (1, "version,codename,series,created,release\n", "column \"eol\""),
            (2, "version,codename,series,created,release,eol\n1,A,a,2000-01-01,soon,\n", "\"soon\" is not a date"),
            (3, "version,codename,series,created,release,eol\n1,A,a,2000-01-01\n2,B,,2000-01-01\n", "no series"),
            (2, "version,codename,series,created,release,eol\n1,A,a\n", "no series or no day"),
        ]
    )
    func broken(line: Int, text: String, why: String) throws {
        let error = try #require(throws: SettingsError.self) {
            try DistroInfo(debian: named(text, "/usr/share/distro-info/debian.csv"), ubuntu: nil)
        }
        #expect(error.description.hasPrefix("/usr/share/distro-info/debian.csv, line \(line): "))
        #expect(error.message.contains(why))
    }

    @Test("the list of releases of a day has neither future ones nor experimental")
    func list() {
        let names = sampleInfo.releases(today: day("2026-02-01")).map(\.codename)
        #expect(names.contains("forky") && names.contains("sid") && names.contains("noble"))
        #expect(!names.contains("duke") && !names.contains("experimental"))
    }
}
