/// A set of the host's processors, as xl and libvirt both write it: `0-3,^2,8`.
struct CPUSet {
    /// More than any host has; libvirt's own limit (VIR_DOMAIN_CPUMASK_LEN).
    private static let maximum = 16384

    /// The longest text that is looked into, so that no text takes long.
    private static let longest = 4096

    /// In their order, with something between each two.
    private var ranges: [ClosedRange<Int>] = []

    /// Reads numbers, ranges, and those to be left out with a `^` before them.
    ///
    /// - Returns: nil for the words of xl that only the host can resolve (`all`, `nodes:0`), and for an empty set.
    init?(parsing text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let isExcluded = part.hasPrefix("^")
            let bounds = part.dropFirst(isExcluded ? 1 : 0).split(separator: "-", omittingEmptySubsequences: false)
            let numbers = bounds.compactMap(Self.number)
            guard (1...2).contains(bounds.count), numbers.count == bounds.count,
                numbers[0] <= numbers[numbers.count - 1]
            else { return nil }
            let range = numbers[0]...numbers[numbers.count - 1]
            if isExcluded { remove(range) } else { insert(range) }
        }
        guard !ranges.isEmpty else { return nil }
    }

    private mutating func insert(_ range: ClosedRange<Int>) {
        let near = ranges.filter { $0.lowerBound <= range.upperBound + 1 && range.lowerBound <= $0.upperBound + 1 }
        let lower = min(range.lowerBound, near.first?.lowerBound ?? range.lowerBound)
        let upper = max(range.upperBound, near.last?.upperBound ?? range.upperBound)
        ranges =
            ranges.filter { $0.upperBound + 1 < range.lowerBound } + [lower...upper]
            + ranges.filter { range.upperBound + 1 < $0.lowerBound }
    }

    private mutating func remove(_ range: ClosedRange<Int>) {
        ranges = ranges.flatMap { member -> [ClosedRange<Int>] in
            guard member.overlaps(range) else { return [member] }
            var left: [ClosedRange<Int>] = []
            if member.lowerBound < range.lowerBound { left.append(member.lowerBound...range.lowerBound - 1) }
            if range.upperBound < member.upperBound { left.append(range.upperBound + 1...member.upperBound) }
            return left
        }
    }

    private static func number(_ digits: Substring) -> Int? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits) else {
            return nil
        }
        return number < maximum ? number : nil
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// In the one spelling that both understand: numbers and ranges in their order. libvirt takes no `^` before a
    /// range.
    var text: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
