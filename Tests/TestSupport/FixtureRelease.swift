import Foundation

/// What kind of release a `FixtureArchive` plays. Two equal values share one archive in a test process.
package struct FixtureRelease: Sendable, Hashable {
    /// The distribution: names in the release files, and how its guests boot and find their network.
    package enum Distribution: Sendable, Hashable {
        case debian
        case ubuntu
    }

    /// How the guest starts: decides whether it has `/etc/inittab` or systemd's directories.
    package enum InitSystem: Sendable, Hashable {
        case systemd
        case sysvinit
    }

    /// The codename, also the name below `dists/`.
    package var suite: String
    package var distribution: Distribution
    /// `/etc/debian_version` or `VERSION_ID`.
    package var version: String
    package var initSystem: InitSystem
    /// `Date` in the release files.
    package var date: Date
    /// `Valid-Until` in the release files; nil leaves the field out, as Debian does for the main suite of a stable
    /// release.
    package var validUntil: Date?

    /// The facts of `suite` where it is one of the releases known here (wheezy to trixie, bionic to noble), or those of
    /// a new Debian otherwise; dated at the beginning of the test process, without an end.
    package init(
        _ suite: String = "bookworm",
        distribution: Distribution? = nil,
        version: String? = nil,
        initSystem: InitSystem? = nil,
        date: Date? = nil,
        validUntil: Date? = nil
    ) {
        let known = Self.known[suite]
        self.suite = suite
        self.distribution = distribution ?? known?.0 ?? .debian
        self.version = version ?? known?.1 ?? "\(suite)/sid"
        self.initSystem = initSystem ?? (suite == "wheezy" ? .sysvinit : .systemd)
        self.date = date ?? Self.now
        self.validUntil = validUntil
    }

    /// The suite of its security updates below `dists/`: `bookworm-security`, but `wheezy/updates` before bullseye.
    package var securitySuite: String {
        ["wheezy", "jessie", "stretch", "buster"].contains(suite) ? "\(suite)/updates" : "\(suite)-security"
    }

    /// The suite of its point-release updates below `dists/`.
    package var updatesSuite: String { "\(suite)-updates" }

    private static let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))

    private static let known: [String: (Distribution, String)] = [
        "wheezy": (.debian, "7.11"), "jessie": (.debian, "8.11"), "stretch": (.debian, "9.13"),
        "buster": (.debian, "10.13"), "bullseye": (.debian, "11.11"), "bookworm": (.debian, "12.5"),
        "trixie": (.debian, "13.1"), "bionic": (.ubuntu, "18.04"), "focal": (.ubuntu, "20.04"),
        "jammy": (.ubuntu, "22.04"), "noble": (.ubuntu, "24.04"),
    ]
}
