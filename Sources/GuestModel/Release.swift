/// Who publishes a release.
package enum Distribution: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    case debian
    case ubuntu

    package var description: String { rawValue }
}

/// A day of the calendar, ordered; what distro-info-data's dates are.
package struct CalendarDate: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `2023-06-10`; nil for anything else.
    package init?(iso text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        // Int reads a sign as well, so the digits are looked at one by one.
        guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    package var description: String {
        "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}

/// One release of a distribution, as distro-info-data describes it.
package struct Release: Hashable, Sendable, Codable, CustomStringConvertible {
    package let distribution: Distribution
    /// The name of the suite on the mirror, for example `bookworm`.
    package let codename: String
    /// The number, for example `12` or `24.04`; nil for a release that has none (sid).
    package let version: String?
    /// The day on which it was or will be published; nil while that is not set.
    package let released: CalendarDate?
    /// The last day on which anybody supports it on its ordinary mirror; nil while that is not set.
    package let endOfLife: CalendarDate?
    /// Whether that day has passed, so that the release is found on the archive's mirror.
    package var isArchived: Bool

    package init(
        distribution: Distribution,
        codename: String,
        version: String?,
        released: CalendarDate?,
        endOfLife: CalendarDate?,
        isArchived: Bool
    ) {
        self.distribution = distribution
        self.codename = codename
        self.version = version
        self.released = released
        self.endOfLife = endOfLife
        self.isArchived = isArchived
    }

    /// For people: `Debian 12 (bookworm)`.
    package var title: String {
        let name = distribution == .debian ? "Debian" : "Ubuntu"
        return version.map { "\(name) \($0) (\(codename))" } ?? "\(name) \(codename)"
    }

    package var description: String { codename }
}
