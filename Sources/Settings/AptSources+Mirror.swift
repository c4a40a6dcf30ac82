import GuestModel

extension AptSources {
    /// The archive from which the host takes a release, or another release of the same distribution.
    ///
    /// The mirror of an archived release must name that very release, since ordinary mirrors no longer have it; so
    /// must local ones (`file:`, `copy:`), which often hold one release only.
    ///
    /// - Returns: nil where the host uses none that can be told from a third party's.
    package func mirror(
        for release: Release,
        architecture: Architecture,
        known: DistroInfo,
        today: CalendarDate
    ) -> AptMirror? {
        let candidates = candidates(release.distribution, architecture, known, today).filter { candidate in
            candidate.release.codename == release.codename
                || (!release.isArchived && !candidate.release.isArchived && !candidate.isLocal)
        }
        // Among archives that are surely the distribution's own, the one with the very release goes first.
        let best = Self.best(candidates) { candidate in
            (candidate.isSure ? 4 : 0) + (candidate.release.codename == release.codename ? 2 : 0)
                + (candidate.isOwnKey ? 1 : 0)
        }
        return best.map { mirror($0, security: release, architecture, known, today) }
    }

    /// The release and the archive of the host itself: what xt-guess-suite-and-mirror tells.
    package func hostMirror(architecture: Architecture, known: DistroInfo, today: CalendarDate) -> AptMirror? {
        let candidates = Distribution.allCases.flatMap { self.candidates($0, architecture, known, today) }
        let best = Self.best(candidates) { ($0.isSure ? 2 : 0) + ($0.isOwnKey ? 1 : 0) }
        return best.map { mirror($0, security: $0.release, architecture, known, today) }
    }

    /// A source that may be the main archive of a distribution.
    private struct Candidate {
        let source: AptSource
        let release: Release
        /// Whether the keys that it asks for are the distribution's.
        let isOwnKey: Bool
        /// Whether the same archive has the suites that only a main archive has.
        let hasUpdates: Bool

        var isSure: Bool { isOwnKey || hasUpdates }
        var isLocal: Bool { source.url.isLocal }
    }

    /// The first of those with the highest rank, since apt's lists are ordered by preference.
    private static func best(_ candidates: [Candidate], by rank: (Candidate) -> Int) -> Candidate? {
        guard let highest = candidates.map(rank).max() else { return nil }
        return candidates.first { rank($0) == highest }
    }

    private var usable: [AptSource] {
        sources.filter { source in
            source.isEnabled && !source.isSource && !source.options.isUnverified && !source.isFlat
                // What debootstrap and mmdebstrap both know; a list of mirrors or a Tor circuit they do not.
                && ["http", "https", "ftp", "file", "copy"].contains(source.url.scheme)
        }
    }

    /// Chrome's archive has a suite named stable, Signal's one named xenial, and a PPA has the host's own codename:
    /// the suite alone does not make an archive the distribution's. One of these must hold, too: it must be signed by
    /// the distribution's keys, it must carry the suite with updates, or, unless another key is asked for, its path
    /// must be the one of a mirror.
    private func candidates(
        _ distribution: Distribution,
        _ architecture: Architecture,
        _ known: DistroInfo,
        _ today: CalendarDate
    ) -> [Candidate] {
        usable.compactMap { source in
            guard source.components.contains("main"), Self.serves(source, architecture, distribution),
                let release = known.release(ofSuite: source.suite, distribution, today: today)
            else { return nil }
            let isOwnKey = Self.isOwnKey(source.options.signedBy, distribution)
            let hasUpdates = usable.contains { other in
                other.url == source.url && other.suite == "\(source.suite)-updates"
            }
            let isPlausible = source.options.signedBy == nil && Self.isMirrorPath(source, distribution)
            guard isOwnKey || hasUpdates || isPlausible else { return nil }
            return Candidate(source: source, release: release, isOwnKey: isOwnKey, hasUpdates: hasUpdates)
        }
    }

    private static func serves(_ source: AptSource, _ architecture: Architecture, _ distribution: Distribution) -> Bool
    {
        let wanted = source.options.architectures
        guard wanted.isEmpty || wanted.contains(architecture.rawValue) else { return false }
        guard distribution == .ubuntu, let last = source.url.pathComponents.last else { return true }
        return last == "ubuntu-ports" ? Release.isPort(architecture) : last != "ubuntu" || !Release.isPort(architecture)
    }

    private static func isOwnKey(_ signedBy: AptSource.SignedBy?, _ distribution: Distribution) -> Bool {
        guard let signedBy, !signedBy.keyrings.isEmpty else { return false }
        return signedBy.keyrings.allSatisfy {
            $0.lastComponent?.string.hasPrefix("\(distribution)-archive-") ?? false
        }
    }

    /// Whether the path ends as those of mirrors do, and is not that of a PPA (`/USER/NAME/ubuntu`).
    private static func isMirrorPath(_ source: AptSource, _ distribution: Distribution) -> Bool {
        let path = source.url.pathComponents
        let names = distribution == .debian ? ["debian"] : ["ubuntu", "ubuntu-ports"]
        guard let last = path.last, names.contains(String(last)) else { return false }
        let others = ["contrib", "non-free", "non-free-firmware", "restricted", "universe", "multiverse"]
        return path.count == 1 || source.url.isLocal || source.components.contains { others.contains($0) }
    }

    private func mirror(
        _ candidate: Candidate,
        security release: Release,
        _ architecture: Architecture,
        _ known: DistroInfo,
        _ today: CalendarDate
    ) -> AptMirror {
        let source = candidate.source
        var components: [String] = []
        for twin in usable where twin.url == source.url && twin.suite == source.suite {
            for component in twin.components where !components.contains(component) { components.append(component) }
        }
        let main = components.filter { $0 == "main" } + components.filter { $0 != "main" }
        return AptMirror(
            url: source.url,
            release: candidate.release,
            components: main,
            signedBy: source.options.signedBy,
            security: security(of: source, release, architecture, known, today),
            origin: source.origin
        )
    }

    /// The archive of a suite `NAME-security` or `NAME/updates`, preferably of the very release.
    private func security(
        of main: AptSource,
        _ release: Release,
        _ architecture: Architecture,
        _ known: DistroInfo,
        _ today: CalendarDate
    ) -> MirrorURL? {
        let found = usable.compactMap { source -> (url: MirrorURL, codename: String)? in
            guard let suffix = ["-security", "/updates"].first(where: { source.suite.hasSuffix($0) }),
                Self.serves(source, architecture, release.distribution),
                let base = known.release(
                    ofSuite: String(source.suite.dropLast(suffix.count)),
                    release.distribution,
                    today: today
                ),
                source.options.signedBy == nil || source.options.signedBy == main.options.signedBy
                    || Self.isOwnKey(source.options.signedBy, release.distribution)
            else { return nil }
            return (source.url, base.codename)
        }
        return found.first { $0.codename == release.codename }?.url ?? (release.isArchived ? nil : found.first?.url)
    }
}
