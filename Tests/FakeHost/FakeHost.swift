import GuestModel
import LinuxHost
import Synchronization
import SystemPackage

/// One process's view of a ``FakeMachine``: it counts each change of the machine and each program run, and fails or
/// dies at the one it is told to. What is not faked traps and names itself.
package final class FakeHost: Sendable {
    /// What goes wrong, and at which effect, counted from 1.
    package enum Fault: Sendable, Hashable, CustomStringConvertible {
        /// The call is refused and does nothing.
        case failBefore(Int)
        /// The call does a part of its work, and is refused then.
        case failAmid(Int)
        /// As if by kill -9: this and all later calls throw, so that nothing can be taken back.
        case killBefore(Int)
        case killAmid(Int)
        case killAfter(Int)
        /// The task is cancelled just before: SIGINT.
        case cancelBefore(Int)

        var number: Int {
            switch self {
            case .failBefore(let number), .failAmid(let number), .killBefore(let number), .killAmid(let number),
                .killAfter(let number), .cancelBefore(let number):
                number
            }
        }

        package var description: String {
            switch self {
            case .failBefore(let number): "failure before effect \(number)"
            case .failAmid(let number): "failure amid effect \(number)"
            case .killBefore(let number): "kill before effect \(number)"
            case .killAmid(let number): "kill amid effect \(number)"
            case .killAfter(let number): "kill after effect \(number)"
            case .cancelBefore(let number): "cancellation before effect \(number)"
            }
        }
    }

    /// What the program does to the machine; see ``FakeProcess``.
    package typealias Program = @Sendable (inout FakeProcess) -> ExitStatus

    private struct State {
        var effects: [String] = []
        var invocations: [Invocation] = []
        var isDead = false
    }

    /// Whether this is the task that the user's interruption cancels: those that are detached from it are not.
    @TaskLocal package static var isForeground = false

    package let machine: FakeMachine
    package let process: ProcessMark
    private let faults: [Fault]
    private let programs: [String: Program]
    private let state = Mutex(State())
    /// What is mounted where.
    let mounts = Mutex<[String: String]>([:])

    /// - Parameter programs: by the last word of their path; any other traps when it is run, and is not found.
    package init(_ machine: FakeMachine, programs: [String: Program] = [:], faults: [Fault] = []) {
        self.machine = machine
        self.programs = programs
        self.faults = faults
        process = machine.startProcess()
    }

    /// For the code under test.
    package var host: Host {
        Host(
            files: self, processes: self, clock: FakeClock(), random: FakeRandom(), system: FakeFacts(self),
            volumes: self)
    }

    /// The effects so far, in order: a verb and what it was done to.
    package var effects: [String] { state.withLock { $0.effects } }
    /// The programs run so far, as they were asked for, the helper's wrapping included.
    package var invocations: [Invocation] { state.withLock { $0.invocations } }
    package var isDead: Bool { state.withLock { $0.isDead } }

    func note(_ invocation: Invocation) {
        state.withLock { $0.invocations.append(invocation) }
    }

    func program(_ name: String) -> Program? {
        programs[name.split(separator: "/").last.map(String.init) ?? name]
    }

    // MARK: Faults

    /// How much of an effect comes about.
    enum Extent: Sendable {
        case whole, part
    }

    private static let killed = HostError("this process was killed")

    /// Every look at the machine begins here.
    func look() throws(HostError) {
        if isDead { throw Self.killed }
    }

    /// Every effect begins here.
    func begin(_ effect: String) throws(HostError) -> Extent {
        try look()
        let number = state.withLock { state in
            state.effects.append(effect)
            return state.effects.count
        }
        var extent = Extent.whole
        for fault in faults where fault.number == number {
            switch fault {
            case .failBefore: throw HostError(cannot: effect, .ioError)
            case .failAmid, .killAmid: extent = .part
            case .killBefore:
                die()
                throw Self.killed
            case .cancelBefore: if Self.isForeground { withUnsafeCurrentTask { $0?.cancel() } }
            case .killAfter: break
            }
        }
        return extent
    }

    /// Every effect ends here.
    func end(_ effect: String) throws(HostError) {
        let number = state.withLock { $0.effects.count }
        for fault in faults where fault.number == number {
            switch fault {
            case .failAmid: throw HostError(cannot: effect, .ioError)
            case .killAmid, .killAfter:
                die()
                throw Self.killed
            case .failBefore, .killBefore, .cancelBefore: break
            }
        }
    }

    private func die() {
        state.withLock { $0.isDead = true }
        loseMounts()
        machine.end(process)
    }

    /// One change of the tree.
    func change<Value: Sendable>(
        _ effect: String, _ body: (inout FakeTree, Extent) throws(Errno) -> Value
    ) throws(HostError) -> Value {
        let extent = try begin(effect)
        var tree = machine.tree
        let value: Value
        do throws(Errno) {
            value = try body(&tree, extent)
        } catch {
            throw HostError(cannot: effect, error)
        }
        machine.tree = tree
        try end(effect)
        return value
    }

    /// One look at the tree.
    func look<Value>(_ what: String, _ body: (FakeTree) throws(Errno) -> Value) throws(HostError) -> Value {
        try look()
        do throws(Errno) {
            return try body(machine.tree)
        } catch {
            throw HostError(cannot: what, error)
        }
    }
}
