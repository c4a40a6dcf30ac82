/// What kind of answer a line of a preseed file gives.
///
/// These are the types of debconf-devel(7), `error` of debian-installer's own cdebconf, and the flag `seen`.
package enum PreseedType: String, Sendable, Hashable, CaseIterable {
    case boolean
    case error
    case multiselect
    case note
    case password
    case select
    case string
    case text
    case title
    /// No answer: whether the question counts as having been shown.
    case seen

    /// Whether an answer of this type does for a question of the other.
    ///
    /// debian-installer ignores the type in a preseed file altogether and goes by that of its own template. So the
    /// three types whose answer is any text are written for one another even in Debian's example, and so are those that
    /// only show something.
    func stands(for other: PreseedType) -> Bool {
        self == other || Self.written.isSuperset(of: [self, other]) || Self.shown.isSuperset(of: [self, other])
    }

    private static let written: Set<PreseedType> = [.string, .select, .multiselect]
    private static let shown: Set<PreseedType> = [.note, .error, .text, .title]
}
