import GuestModel
import SystemPackage

/// The package sources of the host, from `/etc/apt/sources.list` and `/etc/apt/sources.list.d`.
package struct AptSources: Sendable {
    /// In the order of the files and of the lines in them, disabled ones and those of source packages included.
    package let sources: [AptSource]
    /// What could not be read, and therefore is not among ``sources``; apt itself refuses most of it.
    package let warnings: [SettingsWarning]

    /// - Parameter files: Those that apt reads, in its order. A name that ends with `.sources` says that the file is
    ///   written in deb822 style; all others hold one source a line.
    package init(_ files: [NamedText]) {
        var sources: [AptSource] = []
        var warnings: [SettingsWarning] = []
        for file in files {
            let read = file.file.extension == "sources" ? Deb822Sources.read(file) : OneLineSources.read(file)
            sources += read.sources
            warnings += read.warnings
        }
        self.sources = sources
        self.warnings = warnings
    }
}
