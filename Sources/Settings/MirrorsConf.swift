import GuestModel

/// The mirrors of xen-tools' `mirrors.conf`, so that those which a user has set there go on to count.
package struct MirrorsConf: Sendable {
    private let mirrors: [String: Sourced<MirrorURL>]

    /// Whether an address is the distribution's own, directly below `debian.org` or `ubuntu.com`: what xen-tools
    /// ships, so nobody's choice, and it must not win over the mirror that the host itself uses. A country's mirror
    /// (`ftp.de.debian.org`) is a choice.
    private static func isDistributions(_ url: MirrorURL) -> Bool {
        guard let start = url.text.firstRange(of: "://")?.upperBound else { return false }
        let host = url.text[start...].prefix { $0 != "/" && $0 != ":" }
        return host.split(separator: ".").count == 3 && (host.hasSuffix(".debian.org") || host.hasSuffix(".ubuntu.com"))
    }

    /// - Parameter settings: What ``XenToolsConf/expanded(_:)`` made of the file, which has the same grammar.
    /// - Throws: ``SettingsError`` for a value that is not the address of an archive.
    package init(_ settings: [Setting]) throws(SettingsError) {
        var mirrors: [String: Sourced<MirrorURL>] = [:]
        for setting in settings where !setting.value.isEmpty {
            mirrors[setting.key] = try setting.sourced.map { text throws(ValueError) in try MirrorURL(parsing: text) }
        }
        self.mirrors = mirrors
    }

    /// The mirror that the user has set for a release: under its codename, or for all releases of its kind under
    /// `debian`, `debian_archive`, `ubuntu` or `ubuntu_archive`.
    ///
    /// - Returns: nil without one, and where the file names the distribution's own hosts, as xen-tools ships it.
    package func mirror(for release: Release) -> Sourced<MirrorURL>? {
        let general = release.distribution.rawValue + (release.isArchived ? "_archive" : "")
        guard let found = mirrors[release.codename] ?? mirrors[general] else { return nil }
        return Self.isDistributions(found.value) ? nil : found
    }
}
