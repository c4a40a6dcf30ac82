/// A processor architecture under Debian's name for it (dpkg-architecture(1)).
package enum Architecture: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    case amd64
    case i386
    case arm64
    case armhf

    /// - Throws: ``ValueError`` for an architecture that Xen does not run.
    package init(parsing text: String) throws(ValueError) {
        guard let known = Architecture(rawValue: text) else {
            throw ValueError(
                "\"\(text)\" is not an architecture that Xen runs",
                hint: "known are \(Architecture.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        self = known
    }

    /// Whether a host of this architecture executes programs of the other one without emulation.
    package func executes(_ other: Architecture) -> Bool {
        self == other || (self == .amd64 && other == .i386) || (self == .arm64 && other == .armhf)
    }

    /// Whether it is one of Arm's, where Xen has one type of guest.
    package var isArm: Bool { self == .arm64 || self == .armhf }

    package var description: String { rawValue }
}
