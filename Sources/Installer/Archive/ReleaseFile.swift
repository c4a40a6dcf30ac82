import GuestModel

/// What an archive says of a suite in its `Release` file (Debian's repository format, wiki.debian.org/DebianRepository/Format):
/// of which day it is, and the digests of all its indices.
///
/// Text in, values out: whether a signature holds is ``ArchiveChain``'s affair.
package struct ReleaseFile: Sendable, Equatable {
    /// A file of the suite, as the archive's signature covers it.
    package struct Listed: Sendable, Equatable {
        /// 64 hexadecimal digits, in lower case.
        package let sha256: String
        /// Bytes.
        package let size: Int64
    }

    package let origin: String?
    package let suite: String?
    package let codename: String?
    /// Seconds since 1970.
    package let date: Int64
    /// When it ceases to count; nil where it never does, as in Debian's stable suites.
    package let validUntil: Int64?
    /// By their paths below `dists/SUITE/`.
    package let files: [String: Listed]

    // Debian's have 600 to 2500 lines of digests; the file is read before its signature is known to hold.
    private static let mostFiles = 200_000

    /// - Parameter file: its name, for messages.
    /// - Throws: ``InstallerError`` for what is none.
    package init(_ text: String, file: String) throws(InstallerError) {
        func damaged(_ what: String) -> InstallerError {
            InstallerError("\(file): \(what)", hint: "see whether the mirror is one of an archive", cause: .badData)
        }
        var fields: [String: String] = [:]
        var files: [String: Listed] = [:]
        var isInDigests = false
        for line in text.split(whereSeparator: \.isNewline) {
            if line.first == " " {
                guard isInDigests else { continue }
                let words = line.split(separator: " ")
                guard words.count == 3, let size = Int64(words[1]), size >= 0, Self.isDigest(words[0]) else {
                    throw damaged("a line of its digests cannot be read")
                }
                guard files.count < Self.mostFiles else { throw damaged("it lists more than \(Self.mostFiles) files") }
                files[String(words[2])] = Listed(sha256: words[0].lowercased(), size: size)
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            isInDigests = name == "sha256"
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            // The first counts, as for apt.
            if fields[name] == nil { fields[name] = String(value) }
        }
        guard let written = fields["date"] else { throw damaged("it does not say of which day it is") }
        guard let date = Self.seconds(written) else { throw damaged("its date cannot be read: \(written.prefix(60))") }
        if let until = fields["valid-until"] {
            guard let seconds = Self.seconds(until) else {
                throw damaged("until when it is valid cannot be read: \(until.prefix(60))")
            }
            validUntil = seconds
        } else {
            validUntil = nil
        }
        guard !files.isEmpty else { throw damaged("it has no digests of the kind SHA-256, by which files are proven") }
        self.date = date
        self.files = files
        origin = fields["origin"]
        suite = fields["suite"]
        codename = fields["codename"]
    }

    /// Whether it is of the suite that was asked for, by its codename (`bookworm`), its role (`stable`), or, for security
    /// updates before bullseye, `buster/updates`.
    package func isOf(_ suite: String) -> Bool {
        [codename, self.suite].contains(suite) || codename == suite.split(separator: "/").first.map(String.init)
    }

    static func isDigest(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0 | 32) }
    }

    /// `Sat, 17 May 2025 09:03:51 UTC` (RFC 5322, with the zone as a name).
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ").filter { !$0.hasSuffix(",") }
        guard words.count == 5, ["UTC", "GMT", "+0000", "Z"].contains(words[4]), let day = Int(words[0]),
            let month = months.firstIndex(of: words[1].lowercased()), let year = Int(words[2]),
            (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let clock = words[3].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let days = CalendarDay.sinceEpoch(year: year, month: month + 1, day: day)
        return days * 86400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
}

/// Days of the Gregorian calendar, counted from 1970.
enum CalendarDay {
    /// By H. Hinnant's algorithm, which needs no table: years begin in March, so that the day that is one too many comes last.
    static func sinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return Int64(era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468)
    }

    /// `2025-05-17`.
    static func text(_ seconds: Int64) -> String {
        let days = Int(seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400) + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let ofEra = days - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let shifted = (5 * ofYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return CalendarDate(
            year: year + era * 400 + (month <= 2 ? 1 : 0), month: month, day: ofYear - (153 * shifted + 2) / 5 + 1
        ).description
    }
}
