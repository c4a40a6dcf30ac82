import GuestModel

extension DistroInfo {
    /// The release that a name stands for on a day.
    ///
    /// Names are a suite (`bookworm`, `noble`), a full codename (`Noble Numbat`), a version (`12`, `24.04`), or an
    /// alias: Debian's stable, oldstable, oldoldstable, testing and unstable, Ubuntu's devel and lts. Upper and lower
    /// case are the same. `debian/` or `ubuntu/` in front settles for whom it is meant.
    ///
    /// Aliases follow the dates, as in debian-distro-info(1) and ubuntu-distro-info(1).
    ///
    /// - Throws: ``ValueError`` for a name that is unknown, ambiguous, or of something that cannot be installed.
    package func resolve(_ name: String, today: CalendarDate) throws(ValueError) -> Release {
        let wanted = name.trimmed.lowercased()
        guard !wanted.isEmpty else {
            throw ValueError("the name of the distribution is empty", hint: "write a release, such as stable or noble")
        }
        let (scope, rest) = Self.scope(of: wanted)
        if [Self.experimental, "rc-buggy"].contains(rest) {
            throw ValueError(
                "experimental cannot be installed: it is an addition to sid, not a whole distribution",
                hint: "install sid and add experimental to its apt sources"
            )
        }
        if let alias = Alias(rawValue: rest), scope == nil || scope == alias.distribution {
            return release(try entry(for: alias, today: today), today: today)
        }
        let matches = entries.filter { entry in
            (scope == nil || scope == entry.distribution)
                && (entry.series == rest || entry.codename.lowercased() == rest || Self.isVersion(rest, of: entry))
        }
        try refusePointRelease(rest, scope: scope, matches: matches)
        guard let match = matches.first else { throw unknown(name: name, rest, today: today) }
        guard matches.count == 1 else {
            let releases = matches.map { release($0, today: today).title }
            throw ValueError(
                "\"\(name)\" may be \(releases.joined(separator: " or "))",
                hint: "write \(matches.map { "\($0.distribution)/\(rest)" }.joined(separator: " or "))"
            )
        }
        guard match.created <= today else {
            throw ValueError(
                "\(release(match, today: today).title) does not exist before \(match.created), by distro-info-data",
                hint: "if it exists by now, update the package distro-info-data"
            )
        }
        return release(match, today: today)
    }

    /// The release whose archive has a suite of this very name, a codename or an alias; nil if there is none.
    func release(ofSuite suite: String, _ distribution: Distribution, today: CalendarDate) -> Release? {
        if let alias = Alias(rawValue: suite), alias.isSuite {
            guard alias.distribution == distribution, let entry = try? entry(for: alias, today: today) else {
                return nil
            }
            return release(entry, today: today)
        }
        return entries.first { $0.distribution == distribution && $0.series == suite && suite != Self.experimental }
            .map { release($0, today: today) }
    }

    private static func scope(of name: String) -> (Distribution?, String) {
        for distribution in Distribution.allCases where name.hasPrefix("\(distribution)/") {
            return (distribution, String(name.dropFirst(distribution.rawValue.count + 1)))
        }
        return (nil, name)
    }

    private static func isVersion(_ text: String, of entry: Entry) -> Bool {
        guard let version = entry.version else { return false }
        return text == version || (entry.isLongTerm && text == "\(version) lts") || "\(text).0" == version
    }

    /// Debian 12.10 and Ubuntu 12.10 are ten years apart: nobody must get one who means the other.
    private func refusePointRelease(_ text: String, scope: Distribution?, matches: [Entry]) throws(ValueError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, scope != .ubuntu, let point = Int(parts[1]), String(point) == parts[1],
            !matches.contains(where: { $0.distribution == .debian }),
            let debian = entries.first(where: { $0.distribution == .debian && $0.version == String(parts[0]) })
        else { return }
        if let ubuntu = matches.first {
            throw ValueError(
                "\"\(text)\" may be Ubuntu \(text) (\(ubuntu.series)) or a point release of Debian \(parts[0])",
                hint: "write \(ubuntu.series) or \(debian.series)"
            )
        }
        throw ValueError(
            "Debian \(text) is a point release: the mirrors have only the newest one of Debian \(parts[0])",
            hint: "write \(debian.series)"
        )
    }

    private func unknown(name: String, _ rest: String, today: CalendarDate) -> ValueError {
        if let separator = rest.firstIndex(where: { $0 == "-" || $0 == "/" }) {
            let base = String(rest[..<separator])
            if Alias(rawValue: base) != nil || entries.contains(where: { $0.series == base }) {
                return ValueError(
                    "\"\(name)\" is an addition to \(base), not a release",
                    hint: "write \(base); its suites with updates are added where it has them"
                )
            }
        }
        let known =
            Alias.allCases.map(\.rawValue)
            + entries.filter { $0.created <= today && $0.series != Self.experimental }.map(\.series)
        let near = EditDistance.nearest(to: rest, among: known)
        let update = "update the package distro-info-data if the release is newer than it"
        return ValueError(
            "\"\(name)\" is not a release of Debian or Ubuntu",
            hint: near.isEmpty ? update : "did you mean \(near.joined(separator: " or "))? Otherwise \(update)"
        )
    }
}
