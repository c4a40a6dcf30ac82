import GuestModel

/// The releases of Debian and Ubuntu, read from `debian.csv` and `ubuntu.csv` of the package distro-info-data, so
/// that no table of codenames has to be kept here.
package struct DistroInfo: Sendable {
    /// One line of a file.
    struct Entry: Sendable {
        let distribution: Distribution
        /// Without the `LTS` behind Ubuntu's; nil for sid.
        let version: String?
        let isLongTerm: Bool
        /// The full name: `Bookworm`, `Noble Numbat`.
        let codename: String
        /// The name of the suite: `bookworm`, `noble`.
        let series: String
        let created: CalendarDate
        let released: CalendarDate?
        /// The end of the ordinary support; distro-info(1) goes by it.
        let endOfSupport: CalendarDate?
        /// The last day on the ordinary mirror.
        let endOfLife: CalendarDate?

        func isReleased(on today: CalendarDate) -> Bool { released.map { $0 <= today } ?? false }
    }

    /// In the order of the files, Debian's first.
    let entries: [Entry]

    /// - Parameters:
    ///   - debian: `debian.csv`; without it no release of Debian is known.
    ///   - ubuntu: `ubuntu.csv`; without it no release of Ubuntu is known.
    /// - Throws: ``SettingsError`` for a missing column and for a value that is not what its column holds.
    package init(debian: NamedText?, ubuntu: NamedText?) throws(SettingsError) {
        var entries: [Entry] = []
        if let debian { entries += try Self.read(debian, .debian) }
        if let ubuntu { entries += try Self.read(ubuntu, .ubuntu) }
        self.entries = entries
    }

    /// Every release that exists on a day, oldest first, Debian's before Ubuntu's; experimental is none.
    package func releases(today: CalendarDate) -> [Release] {
        entries.filter { $0.created <= today && $0.series != Self.experimental }.map { release($0, today: today) }
    }

    static let experimental = "experimental"

    func release(_ entry: Entry, today: CalendarDate) -> Release {
        Release(
            distribution: entry.distribution,
            codename: entry.series,
            version: entry.version,
            released: entry.released,
            endOfLife: entry.endOfLife,
            isArchived: entry.endOfLife.map { $0 < today } ?? false
        )
    }

    private static func read(_ source: NamedText, _ distribution: Distribution) throws(SettingsError) -> [Entry] {
        let lines = source.lines
        let header = (lines.first ?? "").split(separator: ",").map { String($0.trimmed) }
        for needed in ["version", "codename", "series", "created", "release", "eol"] where !header.contains(needed) {
            throw SettingsError(
                "the column \"\(needed)\" is missing",
                hint: "reinstall the package distro-info-data",
                at: source.origin(1)
            )
        }
        var entries: [Entry] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.trimmed.isEmpty {
            let values = line.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmed) }
            // Lines end with the last value they have, so that columns may be missing at the end.
            let fields = Dictionary(zip(header, values), uniquingKeysWith: { first, _ in first })
            entries.append(try entry(fields, distribution, at: source.origin(index + 1)))
        }
        return entries
    }

    private static func entry(
        _ fields: [String: String],
        _ distribution: Distribution,
        at origin: Origin
    ) throws(SettingsError) -> Entry {
        func date(_ column: String) throws(SettingsError) -> CalendarDate? {
            guard let text = fields[column], !text.isEmpty else { return nil }
            guard let date = CalendarDate(iso: text) else {
                throw SettingsError(
                    "\"\(text)\" is not a date, in the column \"\(column)\"",
                    hint: "reinstall the package distro-info-data",
                    at: origin
                )
            }
            return date
        }
        guard let series = fields["series"], !series.isEmpty, let created = try date("created") else {
            throw SettingsError(
                "a release has no series or no day of its creation",
                hint: "reinstall the package distro-info-data",
                at: origin
            )
        }
        let versionWords = (fields["version"] ?? "").words
        let support = try date("eol")
        var endOfLife: CalendarDate?
        switch distribution {
        case .debian:
            // Releases stay on the mirrors for as long as the LTS team works on them. The extended support behind
            // that (eol-elts) comes from an archive of its own, which is not Debian's.
            endOfLife = try date("eol-lts") ?? support
        case .ubuntu:
            // archive.ubuntu.com keeps a release until the last of its paid supports ends, too: eol-server, eol-esm,
            // eol-legacy. Only then does it move to old-releases.ubuntu.com.
            for column in fields.keys where column.hasPrefix("eol") {
                if let end = try date(column) { endOfLife = max(endOfLife ?? end, end) }
            }
        }
        return Entry(
            distribution: distribution,
            version: versionWords.first,
            isLongTerm: versionWords.contains("LTS"),
            codename: fields["codename"] ?? series,
            series: series,
            created: created,
            released: try date("release"),
            endOfSupport: support,
            endOfLife: endOfLife
        )
    }
}
