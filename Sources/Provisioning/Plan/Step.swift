/// One effect on the host, as a value: it knows what it is called and how to do itself. What takes it back is in the
/// journal before it begins.
package protocol Step: Sendable {
    /// One line in the imperative, for `--dry-run` and for the progress.
    var summary: String { get }
    /// What a cautious administrator wants to see before it happens: commands, files.
    var details: [String] { get }
    func perform(_ findings: inout Findings, in context: RunContext) async throws
}

extension Step {
    package var details: [String] { [] }
}
