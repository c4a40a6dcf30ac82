/// The table and the picture of a contest.
struct Report: Sendable {
    var contest: Contest
    var results: [Result]
    var machine: String

    /// Two decimals.
    static func rounded(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    /// The first one's median over another's.
    private func ratio(to other: Result) -> Double { (results.first?.median ?? 0) / other.median }

    /// In Markdown.
    var table: String {
        var lines = [
            "# \(contest.title)", "",
            "\(machine); \(results.first?.seconds.count ?? 0) runs of each, in turns, the host's own mirror; wall seconds. "
                + "Memory that a hypervisor has taken back is fetched before each.",
            "",
            "| | packages | median | least | most | domus is |", "|---|---|---|---|---|---|",
        ]
        for (index, result) in results.enumerated() {
            let ratio = index == 0 ? "" : "\(Self.rounded(ratio(to: result))) of it"
            let cells = [
                result.name, contest.system == nil ? "" : "\(result.packages)", Self.rounded(result.median),
                Self.rounded(result.seconds.min() ?? 0), Self.rounded(result.seconds.max() ?? 0), ratio,
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        if let goal = contest.goal, results.count > 1 {
            let reached = ratio(to: results[1])
            lines += [
                "",
                "Goal: at most \(Self.rounded(goal)) of \(results[1].name): "
                    + (reached <= goal ? "reached" : "not reached") + " (\(Self.rounded(reached))).",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// In SVG: a bar for each median, a dot for each run.
    var picture: String {
        let (left, width, row, top) = (200.0, 520.0, 34.0, 48.0)
        let most = results.flatMap(\.seconds).max() ?? 1
        func x(_ seconds: Double) -> String { Self.rounded(left + seconds / most * width) }
        let height = top + row * Double(results.count) + 34
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"\(Int(height))\" "
                + "font-family=\"sans-serif\" font-size=\"13\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"12\" y=\"24\" font-size=\"15\">\(Self.escaped(contest.title))</text>",
        ]
        for (index, result) in results.enumerated() {
            let y = top + row * Double(index)
            let middle = Self.rounded(y + row / 2 + 4)
            lines.append("<text x=\"12\" y=\"\(middle)\">\(Self.escaped(result.name))</text>")
            lines.append(
                "<rect x=\"\(left)\" y=\"\(y + 6)\" width=\"\(Self.rounded(result.median / most * width))\" "
                    + "height=\"\(row - 12)\" fill=\"\(index == 0 ? "#2a7f62" : "#b8b8b8")\"/>")
            for seconds in result.seconds {
                lines.append(
                    "<circle cx=\"\(x(seconds))\" cy=\"\(y + row / 2)\" r=\"3\" fill=\"#222\" fill-opacity=\"0.55\"/>")
            }
            lines.append(
                "<text x=\"\(Self.rounded(left + width + 14))\" y=\"\(middle)\">\(Self.rounded(result.median)) s</text>"
            )
        }
        lines.append(
            "<text x=\"12\" y=\"\(Int(height) - 12)\" fill=\"#666\">\(Self.escaped(machine)); wall seconds, medians; a dot is a run"
                + "</text>")
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
