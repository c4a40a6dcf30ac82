/// Removes the tree that the images were written from, before the guest is published: what is left to tidy up after
/// that is little.
struct RemoveTree: Step {
    var summary: String { "Remove the working tree" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        for path in [context.paths.root, context.paths.split, context.paths.scratch] {
            try context.host.files.removeTree(path)
        }
    }
}
