/// What an extraction has made.
package struct ExtractionSummary: Equatable, Sendable {
    package var files = 0
    package var directories = 0
    package var symbolicLinks = 0
    package var hardLinks = 0
    /// Device nodes and fifos.
    package var specialFiles = 0
    /// Bytes of content, holes in sparse files not counted.
    package var contentBytes: Int64 = 0
    /// Bytes read from the archive file.
    package var archiveBytes: Int64 = 0
    /// What could not be restored to the letter (an attribute that the file system does not take), a sentence each.
    /// The first 100 are kept.
    package private(set) var warnings: [String] = []
    /// How many warnings there were beyond those kept.
    package private(set) var omittedWarnings = 0

    package var entries: Int { files + directories + symbolicLinks + hardLinks + specialFiles }

    /// A hostile archive must not fill the memory with complaints about itself.
    private static let keptWarnings = 100

    mutating func warn(_ warning: String) {
        if warnings.count < Self.keptWarnings {
            warnings.append(warning)
        } else {
            omittedWarnings += 1
        }
    }
}
