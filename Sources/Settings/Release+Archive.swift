import GuestModel
import SystemPackage

/// What the archives of Debian and Ubuntu hold of a release: rules by date, so that new releases need no new line.
extension Release {
    /// The suite with security updates; nil for sid, which has none.
    ///
    /// Debian named it `CODENAME/updates` up to buster and names it `CODENAME-security` from bullseye on (release
    /// notes of Debian 11, 5.1.2). For releases before etch the archive has no signature that still verifies.
    package var securitySuite: String? {
        switch distribution {
        case .ubuntu: "\(codename)-security"
        case .debian where isUnstable || isOlder(than: Self.etch): nil
        case .debian where isOlder(than: Self.bullseye): "\(codename)/updates"
        case .debian: "\(codename)-security"
        }
    }

    /// The suite with other updates; nil where there is none.
    ///
    /// Debian has it since squeeze (before, there was volatile.debian.org), but does not archive it for all releases.
    package var updatesSuite: String? {
        switch distribution {
        case .ubuntu: "\(codename)-updates"
        case .debian where isUnstable || isArchived || isOlder(than: Self.squeeze): nil
        case .debian: "\(codename)-updates"
        }
    }

    /// The components that a guest's apt sources name, as xen-tools has them; `main` comes first.
    ///
    /// Debian split non-free-firmware off non-free with bookworm (release notes of Debian 12, 5.1.1).
    package var components: [String] {
        switch distribution {
        case .ubuntu: ["main", "restricted", "universe", "multiverse"]
        case .debian where isOlder(than: Self.bookworm): ["main", "contrib", "non-free"]
        case .debian: ["main", "contrib", "non-free", "non-free-firmware"]
        }
    }

    /// The archive to take when neither the user nor the host names one.
    package func defaultMirror(for architecture: Architecture) -> String {
        switch (distribution, isArchived) {
        case (.debian, false): "http://ftp.debian.org/debian"
        case (.debian, true): "http://archive.debian.org/debian"
        case (.ubuntu, false) where Self.isPort(architecture): "http://ports.ubuntu.com/ubuntu-ports"
        case (.ubuntu, false): "http://archive.ubuntu.com/ubuntu"
        case (.ubuntu, true): "http://old-releases.ubuntu.com/ubuntu"
        }
    }

    /// Another archive to try when the default one does not have the release; nil where no other could.
    ///
    /// A release moves to the archive some months after its last day, and is in only one of the two at times.
    package func fallbackMirror(for architecture: Architecture) -> String? {
        guard isArchived else { return nil }
        return Release(
            distribution: distribution,
            codename: codename,
            version: version,
            released: released,
            endOfLife: endOfLife,
            isArchived: false
        ).defaultMirror(for: architecture)
    }

    /// Where the suite with security updates is when neither the user nor the host says; nil where it has none.
    package func defaultSecurity(for architecture: Architecture) -> GuestSpec.Install.Security? {
        guard let suite = securitySuite else { return nil }
        let mirror =
            switch (distribution, isArchived) {
            case (.debian, false): "http://security.debian.org/debian-security"
            case (.debian, true): "http://archive.debian.org/debian-security"
            case (.ubuntu, false) where !Self.isPort(architecture): "http://security.ubuntu.com/ubuntu"
            case (.ubuntu, _): defaultMirror(for: architecture)
            }
        return GuestSpec.Install.Security(mirror: mirror, suite: suite)
    }

    /// The files that may hold the keys of the archive, the likeliest first.
    ///
    /// The keys of a release move from the first keyring to the one of removed keys with some later version of the
    /// package, not on the release's last day. So for an archived release either may be right, and a caller has to
    /// try them (or use both together); the same goes for the two spellings of the file names, of which Debian 13
    /// brings `.pgp`.
    package var keyrings: [FilePath] {
        let current = "/usr/share/keyrings/\(distribution)-archive-keyring"
        let removed = "/usr/share/keyrings/\(distribution)-archive-removed-keys"
        let names = isArchived ? [removed, current] : [current]
        return names.flatMap { name in [FilePath(name + ".gpg"), FilePath(name + ".pgp")] }
    }

    /// The Debian package that brings the files of ``keyrings``.
    package var keyringPackage: String {
        switch distribution {
        case .debian: "debian-archive-keyring"
        case .ubuntu: "ubuntu-keyring"
        }
    }

    /// Whether programs of the release crash on a kernel without the vsyscall page.
    ///
    /// On amd64, glibc before 2.14 calls the fixed addresses of that page (Linux, arch/x86/Kconfig,
    /// LEGACY_VSYSCALL_NONE); kernels of today map it only with `vsyscall=emulate` or `xonly` on their command line
    /// (Debian bug 1028388, README of xen-tools). Debian came to a newer one with jessie, after wheezy's 2.13 of May
    /// 2013; Ubuntu with 12.04's 2.15, after 11.10's 2.13 of October 2011.
    package func needsVsyscall(on architecture: Architecture) -> Bool {
        guard architecture == .amd64 else { return false }
        switch distribution {
        case .debian: return isOlder(than: CalendarDate(year: 2013, month: 6, day: 1))
        case .ubuntu: return isOlder(than: CalendarDate(year: 2012, month: 4, day: 1))
        }
    }

    /// Whether this is Debian's sid, the one release without a number.
    package var isUnstable: Bool { distribution == .debian && version == nil }

    /// A release without a date is one to come.
    private func isOlder(than date: CalendarDate) -> Bool { released.map { $0 < date } ?? false }

    /// Ubuntu's main archive has amd64 and i386, its ports archive has the rest. Old releases are all in one.
    static func isPort(_ architecture: Architecture) -> Bool { architecture == .arm64 || architecture == .armhf }

    private static let etch = CalendarDate(year: 2007, month: 4, day: 8)
    private static let squeeze = CalendarDate(year: 2011, month: 2, day: 6)
    private static let bullseye = CalendarDate(year: 2021, month: 8, day: 14)
    private static let bookworm = CalendarDate(year: 2023, month: 6, day: 10)
}
