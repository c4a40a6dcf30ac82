/// A release of Xen, as far as configurations depend on it: `4.17`.
package struct XenVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// The first release with an xl.
    package static let oldest = XenVersion(4, 1)

    /// The newest release whose xl has been read for what is known of configurations.
    package static let newest = XenVersion(4, 22)

    /// Reads `4.17`, and `4.17.5` or `4.17.5+23-ga4e5191dc0-1` as the same, for no patch release changes what xl reads.
    ///
    /// - Returns: nil for what is no version.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Self.number(parts[0]), let minor = Self.number(parts[1]) else { return nil }
        self.init(major, minor)
    }

    private static func number(_ digits: some StringProtocol) -> Int? {
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }

    package static func < (left: XenVersion, right: XenVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }
}
