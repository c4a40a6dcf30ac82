import LinuxHost

/// A run of a command that changes the host.
package struct RunEntry: Sendable, Hashable {
    /// Twelve random hexadecimal digits; part of every temporary name that the run uses.
    package let id: String
    /// `create` or `delete`.
    package let command: String
    package let guest: String
    package let process: ProcessMark
    /// Seconds since 1970.
    package let started: Int64
    /// The log's path, if there is one.
    package let log: String?

    /// Whether it may have chosen a base, which must not go meanwhile.
    package var mayUseBases: Bool { ["create", "base"].contains(command) }

    package init(id: String, command: String, guest: String, process: ProcessMark, started: Int64, log: String?) {
        self.id = id
        self.command = command
        self.guest = guest
        self.process = process
        self.started = started
        self.log = log
    }
}

/// One effect of a run, in the order in which it was intended.
package struct EffectEntry: Sendable, Hashable {
    package let number: Int64
    package let step: String
    package let undo: Undo
}

/// What the store of runs and records refuses.
package enum StateError: Error, Sendable, CustomStringConvertible {
    /// The database cannot be opened or written.
    case unusable(path: String, reason: String)
    /// There is no room for what is to be written to it.
    case full(path: String)
    /// A living process works on that guest.
    case busy(RunEntry)
    /// A run on that guest was killed and not recovered.
    case unfinished(RunEntry)

    package var description: String {
        switch self {
        case .unusable(let path, let reason):
            "cannot keep the journal in \(path): \(reason)"
        case .full(let path): "cannot keep the journal in \(path): its disk is full"
        case .busy(let run):
            "process \(run.process.number) is working on \(run.guest) (\(run.command))"
        case .unfinished(let run):
            "an earlier run (\(run.command) \(run.guest), run \(run.id)) was killed before it ended"
        }
    }

    package var hint: String? {
        switch self {
        case .unusable: "give another directory with --state-dir, or run as root"
        case .full: "free some space; domus recover then takes back what is left of the run, if anything is"
        case .busy: "wait until it has ended"
        case .unfinished: "domus recover takes back what it left; domus recover --keep leaves it for you to look at"
        }
    }
}
