import Foundation
import GuestModel
import Testing

@testable import Settings

/// The files of the package distro-info-data on this machine, and the programs of distro-info as an oracle.
@Suite("Releases of the installed distro-info-data")
struct InstalledDistroInfoTests {
    private static let debian = "/usr/share/distro-info/debian.csv"
    private static let ubuntu = "/usr/share/distro-info/ubuntu.csv"
    private static let hasData = exists(debian) && exists(ubuntu)
    private static let hasOracle = exists("/usr/bin/debian-distro-info") && exists("/usr/bin/ubuntu-distro-info")

    private func installed() throws -> DistroInfo {
        func read(_ path: String) throws -> NamedText {
            named(try String(contentsOfFile: path, encoding: .utf8), path)
        }
        return try DistroInfo(debian: read(Self.debian), ubuntu: read(Self.ubuntu))
    }

    @Test(
        "every release in the files is found by its name and its number",
        .enabled(if: hasData, "no distro-info-data")
    )
    func everyRelease() throws {
        let info = try installed()
        let today = day("2026-05-01")
        let releases = info.releases(today: today)
        #expect(releases.count > 50)
        for release in releases {
            #expect(try info.resolve(release.codename, today: today) == release)
            guard let version = release.version else { continue }
            #expect(try info.resolve("\(release.distribution)/\(version)", today: today) == release)
        }
    }

    @Test(
        "aliases are those of distro-info(1), on the days around every release",
        .enabled(if: hasData && hasOracle, "the package distro-info is not installed"),
        arguments: [
            ("stable", "/usr/bin/debian-distro-info", "--stable"),
            ("oldstable", "/usr/bin/debian-distro-info", "--oldstable"),
            ("testing", "/usr/bin/debian-distro-info", "--testing"),
            ("lts", "/usr/bin/ubuntu-distro-info", "--lts"),
            ("devel", "/usr/bin/ubuntu-distro-info", "--devel"),
        ]
    )
    func aliases(alias: String, program: String, option: String) throws {
        let info = try installed()
        let distribution: Distribution = program.contains("debian") ? .debian : .ubuntu
        let dates = info.entries.filter { $0.distribution == distribution && $0.created >= day("2005-01-01") }
            .compactMap(\.released).flatMap { date in
                [date, CalendarDate(year: date.year, month: date.month, day: max(1, date.day - 1))]
            }
        try #require(!dates.isEmpty)
        for date in dates {
            let expected = try output(of: program, [option, "--date", "\(date)"])?.split(separator: "\n").first
            let found = try? info.resolve(alias, today: date).codename
            #expect(found == expected.map { String($0) }, "\(alias) on \(date)")
        }
    }
}
