/// How far one word is from another, to suggest what somebody may have meant.
enum EditDistance {
    /// The words that differ least from a mistyped one: at most three, and none that needs more than a third of its
    /// letters changed.
    static func nearest(to word: String, among words: [String]) -> [String] {
        let measured = words.map { (word: $0, distance: between(word, $0)) }
        guard let least = measured.map(\.distance).min(), least <= max(1, word.count / 3) else { return [] }
        return measured.filter { $0.distance == least }.prefix(3).map(\.word)
    }

    /// The number of letters to insert, delete, replace or swap with the next one (optimal string alignment).
    static func between(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...max(left.count, 1) where row <= left.count {
            var current = [row]
            for column in 1...max(right.count, 1) where column <= right.count {
                let isSame = left[row - 1] == right[column - 1]
                var distance = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    distance = min(distance, beforeLast[column - 2] + 1)
                }
                current.append(distance)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
