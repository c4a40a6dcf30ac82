/// Guesses what a misspelt name should have been.
package enum Suggestion {
    /// The known name with the fewest edits from the given one; nil when none is near enough to be meant.
    package static func closest(to name: String, among known: some Sequence<String>) -> String? {
        // What nobody types is not guessed at: it takes the square of its length.
        guard name.utf8.count <= 64 else { return nil }
        let limit = max(1, name.count / 3)
        return known.lazy.filter { abs($0.count - name.count) <= limit }.map {
            (distance: distance(name, $0), name: $0)
        }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Letters inserted, dropped, replaced, or swapped with their neighbour, from one to the other.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    least = min(least, rows[i - 1][j - 1] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
