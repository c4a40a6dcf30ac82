import LinuxHost
import SystemPackage

extension FakeHost: ProcessRunning {
    package func run(_ invocation: Invocation, appendingOutputTo log: FilePath?) async throws(HostError) -> ExitStatus {
        let result = try start(invocation)
        if let log, !result.output.isEmpty, !isDead {
            var tree = machine.tree
            do throws(Errno) {
                try tree.append(result.output, to: log.string)
            } catch {
                throw HostError(cannot: "write \(log)", error)
            }
            machine.tree = tree
        }
        return result.status
    }

    package func capture(_ invocation: Invocation) async throws(HostError) -> (status: ExitStatus, output: String) {
        try start(invocation)
    }

    package func find(_ name: String) -> FilePath? {
        guard program(name) != nil else { return nil }
        return name.hasPrefix("/") ? FilePath(name) : FilePath("/usr/bin").appending(name)
    }

    private func start(_ invocation: Invocation) throws(HostError) -> (status: ExitStatus, output: String) {
        let command = ConfinedCommand(invocation)
        let effect = "run \(command.executable) \(command.arguments.joined(separator: " "))"
        guard let program = program(command.executable) else {
            fatalError("not faked: \(invocation.commandLine)")
        }
        let extent = try begin(effect)
        note(invocation)
        // As the real runner: a cancelled task's program is ended, and that is an error.
        guard !Task.isCancelled else { throw HostError("\(invocation.executable) was interrupted") }
        var process = FakeProcess(command: command, tree: machine.tree, budget: extent == .whole ? nil : 1)
        var status = program(&process)
        machine.tree = process.tree
        if extent == .part { status = .exited(1) }
        do throws(HostError) {
            try end(effect)
        } catch {
            // A program that fails half-way says so by its exit status.
            guard error.errno == .ioError else { throw error }
        }
        return (status, process.output)
    }
}

/// A command line with the helper's wrapping taken off and understood.
package struct ConfinedCommand: Sendable, Equatable {
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    package var input: [UInt8]
    /// The helper's own options; nil when the program was not confined.
    package var options: [String]?

    package init(_ invocation: Invocation) {
        environment = invocation.environment
        input = if case .bytes(let bytes) = invocation.input { bytes } else { [] }
        if invocation.executable.hasSuffix("/domus-chroot"), let end = invocation.arguments.firstIndex(of: "--") {
            options = Array(invocation.arguments[..<end])
            executable = invocation.arguments[end + 1]
            arguments = Array(invocation.arguments[(end + 2)...])
        } else {
            options = nil
            executable = invocation.executable
            arguments = invocation.arguments
        }
    }

    /// The word after an option.
    package func value(after option: String) -> String? {
        arguments.firstIndex(of: option).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }

    /// The value of `--NAME=VALUE` of the helper.
    package func option(_ name: String) -> String? {
        options?.first { $0.hasPrefix("--\(name)=") }.map { String($0.dropFirst(name.count + 3)) }
    }
}

/// A canned program at work.
package struct FakeProcess: Sendable {
    package let command: ConfinedCommand
    package var tree: FakeTree
    /// What goes to the log.
    package var output = ""
    /// Files that may still be written before it is ended; nil for all.
    private var budget: Int?

    init(command: ConfinedCommand, tree: FakeTree, budget: Int?) {
        self.command = command
        self.tree = tree
        self.budget = budget
    }

    /// Whether it is ended in the middle of its work.
    package var isCutShort: Bool { budget != nil }

    /// Writes a file of the host.
    package mutating func write(_ text: String, to path: String, mode: UInt32 = 0o644) {
        if let left = budget {
            guard left > 0 else { return }
            budget = left - 1
        }
        tree.put(text, at: path, mode: mode)
    }

    /// Fills an existing file in its own place, its size kept.
    package mutating func fill(_ path: String, with text: String) {
        guard let id = try? tree.find(path, followsLast: true), case .file(_, let size) = tree[id].body else {
            fatalError("\(command.executable): there is no image \(path)")
        }
        if budget == 0 { return }
        tree[id].body = .file(Array(text.utf8), size: size)
    }
}
