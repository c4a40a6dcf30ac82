import GuestModel
import SystemPackage

/// A root file system that is wanted, whoever it is for.
package struct BootstrapRequest: Sendable, Equatable {
    /// Which packages are installed without being named.
    package enum Variant: String, Sendable, CaseIterable {
        /// Those that a system must always have.
        case essential
        /// And all of priority `required`, and apt.
        case minbase
        /// And all of priority `important`: what debootstrap installs when it is not told otherwise.
        case important
        /// And all of priority `standard`.
        case standard

        /// The priorities whose packages are in it.
        var priorities: [String] {
            switch self {
            case .essential: []
            case .minbase: ["required"]
            case .important: ["required", "important"]
            case .standard: ["required", "important", "standard"]
            }
        }
    }

    package struct Source: Sendable, Equatable {
        package var mirror: String
        package var suite: String

        package init(mirror: String, suite: String) {
            self.mirror = mirror
            self.suite = suite
        }
    }

    package var variant: Variant
    package var architecture: Architecture
    /// The first is the suite itself; its updates follow.
    package var sources: [Source]
    package var components: [String]
    package var include: [String]
    /// What will be asked for by the hooks.
    package var anticipated: AnticipatedPackages?
    /// Exactly these in the place of all others.
    package var locked: PackageLock?
    /// Whether the packages' digests are left in the tree, for a lock: ``InstalledPackages``.
    package var keepsDigests = false
    package var proxy: String?
    /// Whether its release files may be older than they say they are good for.
    package var isArchived: Bool
    /// Seconds.
    package var timeout: Int

    package init(
        variant: Variant, architecture: Architecture, sources: [Source], components: [String] = ["main"],
        include: [String] = [], proxy: String? = nil, isArchived: Bool = false, timeout: Int = 3600
    ) {
        self.variant = variant
        self.architecture = architecture
        self.sources = sources
        self.components = components
        self.include = include
        self.proxy = proxy
        self.isArchived = isArchived
        self.timeout = timeout
    }

    /// What a guest's system is made of.
    ///
    /// - Parameter anticipated: what its hooks will ask for.
    package init(_ spec: GuestSpec, anticipated: AnticipatedPackages? = nil) {
        let install = spec.install
        self.init(
            variant: .important, architecture: spec.architecture,
            sources: MirrorProbe.all(of: spec).map { Source(mirror: $0.mirror, suite: $0.suite) },
            components: install.components, include: install.include, proxy: install.proxy,
            isArchived: spec.release.isArchived, timeout: install.timeout)
        self.anticipated = anticipated
        locked = install.locked
    }

    package var suite: String { sources[0].suite }

    /// The name in a word of apt's, which may have a version or an architecture behind it.
    static func name(in word: String) -> String { String(word.prefix { $0 != "=" && $0 != ":" }) }

    /// Whether a word names a package for apt: a name, with an architecture or a version behind it.
    package static func isPackage(_ word: some StringProtocol) -> Bool {
        guard let first = word.utf8.first, (97...122).contains(first) || (48...57).contains(first) else { return false }
        // No sign at the end, by which apt removes; no pattern.
        return !word.hasSuffix("-")
            && word.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || "+-.:=~".utf8.contains(byte)
            }
    }

    /// Lines of sources.list(5).
    ///
    /// - Parameter options: in square brackets, or nothing.
    func sourcesList(options: String) -> String {
        let words = options.isEmpty ? "" : " \(options)"
        return sources.map { "deb\(words) \($0.mirror) \($0.suite) \(components.joined(separator: " "))\n" }.joined()
    }
}
