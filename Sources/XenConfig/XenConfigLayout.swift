/// Where everything stands in the text of a configuration, in offsets of bytes.
struct XenConfigLayout: Sendable {
    struct Assignment: Sendable {
        /// Of the key's first byte.
        let start: Int
        /// Of the value, with its quotes or brackets.
        let value: Range<Int>
        /// Which of the layout's items are those of the value.
        let items: Range<Int>

        /// Behind the last byte.
        var end: Int { value.upperBound }
    }

    /// In the order of the file's entries.
    var assignments: [Assignment] = []

    /// The items of all values that are lists, but not those of lists inside them. In one array, since each list's own
    /// would make reading slower.
    var items: [Range<Int>] = []
}
