import SystemPackage

/// Why a partition table could not be planned, written or read.
package struct PartitionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of trouble it is, for those who decide by it; the sentence is in `message`.
    package enum Kind: Equatable, Sendable {
        /// The list of partitions is impossible on any disk.
        case invalidLayout
        /// The disk is smaller than the partitions.
        case tooSmall
        /// There is no such image, or no GPT on it.
        case unreadable
        /// The table could not be written.
        case cannotWrite
        /// The same, because the file system that holds the image is full.
        case noSpace
        /// There is no libparted here.
        case unavailable
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

    /// What libparted said when it could not write. It has no number for the reason, only strerror(3)'s words.
    static func writing(_ message: String) -> PartitionError {
        guard message.contains(Errno.noSpace.description) else { return PartitionError(.cannotWrite, message) }
        return PartitionError(.noSpace, message, hint: "free some space there, or put the disk elsewhere")
    }
}
