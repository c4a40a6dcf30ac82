import GuestModel

/// A configuration with what is wrong with it, wherever it comes from.
package struct ConfigurationReading: Sendable {
    package let file: XenConfigFile
    /// In the order of their places; what has none comes last.
    package let problems: [Problem]
    /// What xl takes the guest for: `pv`, `pvh` or `hvm`.
    package let type: String
    package let summary: GuestSummary

    /// Bytes of the largest configuration that is looked at: what is larger is none.
    package static let limit = 1 << 16

    /// Reads a configuration as the xl of a release would, and looks for what it would stumble over or silently ignore.
    ///
    /// - Throws: ``XenConfigError`` with line and column where xl would refuse the text.
    package init(parsing bytes: [UInt8], file name: String, for version: XenVersion) throws(XenConfigError) {
        file = try XenConfigFile(parsing: bytes, file: name, for: version)
        var check = ConfigurationCheck(file, for: version)
        check.checkWithoutGuest()
        problems = check.problems.inOrder
        type = check.type
        summary = GuestSummary(from: file, for: version)
    }
}

extension [Problem] {
    /// In the order of their places; what has none comes last.
    package var inOrder: [Problem] {
        let end = XenConfigError.Position(line: .max, column: 0)
        return enumerated().sorted {
            ($0.element.position ?? end, $0.offset) < ($1.element.position ?? end, $1.offset)
        }.map(\.element)
    }
}
