import GuestModel

/// The mirrors of xen-tools' `mirrors.conf`, so that those which a user has set there go on to count.
package struct MirrorsConf: Sendable {
    private let mirrors: [String: Sourced<MirrorURL>]

    /// What xen-tools ships: nobody's choice, so it must not win over the mirror that the host itself uses.
    private static let shipped: Set<String> = [
        "http://deb.debian.org/debian", "http://archive.debian.org/debian", "http://ftp.debian.org/debian",
        "http://archive.ubuntu.com/ubuntu", "http://old-releases.ubuntu.com/ubuntu",
    ]

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
    /// - Returns: nil without one, and where the file still says what xen-tools ships.
    package func mirror(for release: Release) -> Sourced<MirrorURL>? {
        let general = release.distribution.rawValue + (release.isArchived ? "_archive" : "")
        guard let found = mirrors[release.codename] ?? mirrors[general] else { return nil }
        return Self.shipped.contains(found.value.text) ? nil : found
    }
}
