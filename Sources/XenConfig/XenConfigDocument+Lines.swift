/// Where assignments come and go between others.
///
/// Between two assignments there are but blanks, line breaks, semicolons and comments.
extension XenConfigDocument {
    /// A text that takes the place of another.
    struct Edit {
        let range: Range<Int>
        let text: String

        init(_ range: Range<Int>, _ text: String) { (self.range, self.text) = (range, text) }
    }

    func insertion(
        of key: String, _ value: XenConfigValue, after anchors: [String]
    ) throws(XenConfigError) -> Edit {
        guard XenConfigParser.isIdentifier(key) else {
            throw XenConfigError("\"\(key)\" cannot be a key of an xl configuration")
        }
        let line = "\(key) = \(try value.printed())\n"
        if let anchor = anchors.lazy.compactMap({ file.places[$0]?.last }).first {
            // An assignment that shares the line may go on over others.
            for place in anchor..<layout.assignments.count {
                guard let end = lineBreak(behind: place) else { continue }
                return Edit(end + 1..<end + 1, line)
            }
        }
        // What xl overlooked at the end of the text it would stumble over before this line.
        let end = overlooked.lowerBound
        let isWhole = end == 0 || bytes[end - 1] == UInt8(ascii: "\n")
        return Edit(end..<bytes.count, (isWhole ? "" : "\n") + line)
    }

    /// - Parameter places: Of assignments, in their order.
    func removals(of places: ArraySlice<Int>) -> [Edit] {
        var cuts: [Range<Int>] = []
        var rest = places
        while let first = rest.popFirst() {
            // Neighbours on a line go at once, so that each looks only at such as stay.
            var last = first
            while rest.first == last + 1, lineBreak(behind: last) == nil { last = rest.removeFirst() }
            cuts += self.cuts(first...last)
        }
        return cuts.map { Edit($0, "") }
    }

    private func cuts(_ places: ClosedRange<Int>) -> [Range<Int>] {
        let before = gap(before: places.lowerBound)
        let behind = gap(before: places.upperBound + 1)
        let lineEnd = lineBreak(behind: places.upperBound)
        let isLast = places.upperBound == layout.assignments.count - 1
        if lineEnd == nil && !isLast {
            // Others follow on the line: what separates them goes, and what separates these from others before stays.
            return [before.upperBound..<behind.upperBound]
        }
        let lineBreakBefore = bytes[before].lastIndex(of: UInt8(ascii: "\n"))
        if lineBreakBefore == nil && places.lowerBound > 0 {
            // Others stand before on the line, and end as these did.
            let cut = before.lowerBound..<behind.lowerBound
            return lineEnd == nil ? [cut, overlooked] : [cut]
        }
        let lineStart = lineBreakBefore.map { $0 + 1 } ?? 0
        if let comment = bytes[behind.lowerBound..<(lineEnd ?? bytes.count)].firstIndex(of: UInt8(ascii: "#")) {
            let indent = bytes[lineStart..<before.upperBound].prefix {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t")
            }
            return [indent.endIndex..<comment]
        }
        return [lineStart..<(lineEnd.map { $0 + 1 } ?? bytes.count)]
    }

    /// What stands between an assignment, or the end of the text, and the one before.
    private func gap(before place: Int) -> Range<Int> {
        let assignments = layout.assignments
        let start = place > 0 ? assignments[place - 1].end : 0
        let end = place < assignments.count ? assignments[place].start : bytes.count
        return start..<end
    }

    /// The end of the line on which an assignment ends; nil where the next begins on it, or the text ends.
    private func lineBreak(behind place: Int) -> Int? {
        bytes[gap(before: place + 1)].firstIndex(of: UInt8(ascii: "\n"))
    }

    /// The last character where xl overlooks it, which is one that cannot stand between assignments; else nothing. A #
    /// is none: it begins a comment as soon as a line break follows.
    private var overlooked: Range<Int> {
        let last = bytes[gap(before: layout.assignments.count)].last
        let isOverlooked = last.map { !Array(" \t;\n#".utf8).contains($0) } ?? false
        return bytes.count - (isOverlooked ? 1 : 0)..<bytes.count
    }
}
