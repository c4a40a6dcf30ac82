/// Why an ext file system, or something in it, could not be read.
package struct ExtError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of trouble it is, for those who decide by it; the sentence is in `message`.
    package enum Kind: Equatable, Sendable {
        /// It is no ext2, ext3 or ext4 file system.
        case notExt
        /// It has a feature that is not known here, or what is asked for is encrypted.
        case unsupported
        /// Its numbers contradict each other.
        case damaged
        /// The disk gave an error, or ends before the file system does.
        case unreadable
        /// What is asked for is larger than the caller wants.
        case tooLarge
        /// More than 40 symbolic links on one path.
        case tooManyLinks
        /// A directory where a file was asked for, or the other way round.
        case wrongKind
        /// All the bytes that may be read for this file system have been read.
        case exhausted
    }

    package let kind: Kind
    /// One sentence in lower case.
    package let message: String

    package var description: String { message }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    static func damaged(_ what: String) -> ExtError {
        ExtError(.damaged, "the file system is damaged: \(what)")
    }
}
