/// Why an archive could not be read, extracted or written.
package struct ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of trouble it is, for those who decide by it; the sentence is in `message`.
    package enum Kind: Equatable, Sendable {
        /// The archive file cannot be opened or read at all.
        case unreadable
        /// The file is no archive of the kinds that are read there, whatever it is.
        case notAnArchive
        /// The file ends too early.
        case truncated
        /// A header, a checksum or a compressed block is wrong.
        case damaged
        /// The archive holds nothing, or nothing but directories.
        case empty
        /// It is whole, and lacks what was asked for.
        case missing
        /// An entry would reach outside of the root, is not what it claims to be, or is larger than what it is may be.
        case unsafe
        /// The file system refused (no permission, for one).
        case cannotExtract
        /// The file system is full.
        case noSpace
        /// The archive could not be written.
        case cannotWrite
        /// What goes into the archive was changed by somebody else meanwhile.
        case changed
        /// The caller asked to stop.
        case cancelled
    }

    package let kind: Kind
    /// One sentence in lower case: what could not be done, to what, and why.
    package let message: String
    /// What the user can do about it.
    package let hint: String?

    package var description: String { message }

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}
