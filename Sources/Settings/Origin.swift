import SystemPackage

/// A place in a configuration file.
package struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// The file as the caller named it.
    package let file: FilePath
    /// The line, counted from 1.
    package let line: Int

    package init(file: FilePath, line: Int) {
        self.file = file
        self.line = line
    }

    /// `/etc/xen-tools/xen-tools.conf, line 12`.
    package var description: String { "\(file.string), line \(line)" }
}
