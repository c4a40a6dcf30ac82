import GuestModel

extension DistroInfo {
    /// A name that means another release as time goes on.
    enum Alias: String, CaseIterable {
        case stable
        case oldstable
        case oldoldstable
        case testing
        case unstable
        case devel
        case lts

        var distribution: Distribution {
            switch self {
            case .stable, .oldstable, .oldoldstable, .testing, .unstable: .debian
            case .devel, .lts: .ubuntu
            }
        }

        /// Whether the archive has a suite of this name.
        var isSuite: Bool { self != .lts }
    }

    /// The entry that an alias means on a day.
    ///
    /// - Throws: ``ValueError`` when the data is too old to tell.
    func entry(for alias: Alias, today: CalendarDate) throws(ValueError) -> Entry {
        let existing = entries.filter { $0.distribution == alias.distribution && $0.created <= today }
        let newestFirst = existing.filter { $0.isReleased(on: today) }
            .sorted { ($0.released ?? $0.created) > ($1.released ?? $1.created) }
        let found: Entry?
        switch alias {
        case .stable: found = newestFirst.first { isSupported($0, today) }
        case .oldstable: found = newestFirst.dropFirst().first
        case .oldoldstable: found = newestFirst.dropFirst(2).first
        case .testing: found = existing.last { $0.version != nil && !$0.isReleased(on: today) }
        case .unstable: found = existing.first { $0.series == "sid" }
        case .devel: found = existing.last { !$0.isReleased(on: today) }
        case .lts: found = newestFirst.first { $0.isLongTerm && isSupported($0, today) }
        }
        guard let found else {
            throw ValueError(
                "which release \"\(alias.rawValue)\" is on \(today) cannot be told from distro-info-data",
                hint: "update the package distro-info-data, or write a codename"
            )
        }
        return found
    }

    private func isSupported(_ entry: Entry, _ today: CalendarDate) -> Bool {
        entry.endOfSupport.map { today <= $0 } ?? true
    }
}
