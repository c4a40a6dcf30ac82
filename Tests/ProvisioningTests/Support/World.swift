import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Synchronization
import SystemPackage
import Tailoring

/// A machine with its journal: what is left when a process is killed.
struct World: Sendable {
    let machine: FakeMachine
    let store: StateStore

    static let locations = Locations(
        helper: "/usr/libexec/domus/domus-chroot", hooks: "/usr/share/domus/hooks",
        template: "/usr/share/domus/templates/xl.cfg.mustache", userConfiguration: "/etc/xen-tools")

    /// A machine without a guest.
    init() throws {
        try self.init(FakePrograms.bareMachine(template: Self.template))
    }

    private init(_ tree: FakeTree) throws {
        machine = FakeMachine(tree)
        store = try StateStore.inMemory()
    }

    /// A machine of its own in the same state, journals of unfinished runs aside.
    ///
    /// - Parameter change: what is otherwise about the bases.
    func copy(changing change: (BaseRecord) -> BaseRecord = { $0 }) throws -> World {
        let copy = try World(machine.tree)
        for record in try store.records() { try copy.remember(record) }
        for base in try store.bases().reversed() { try copy.remember(change(base)) }
        return copy
    }

    private func remember(_ base: BaseRecord) throws {
        try store.begin(
            RunEntry(
                id: "copy", command: "base", guest: "copy", process: machine.startedProcess, started: 0, log: nil),
            isRunning: { _ in true })
        try store.commit(run: "copy", savingBase: base)
        try store.end(run: "copy")
    }

    private func remember(_ record: GuestRecord) throws {
        let process = machine.startedProcess
        try store.begin(
            RunEntry(id: "copy", command: "create", guest: record.hostname, process: process, started: 0, log: nil),
            isRunning: { _ in true })
        try store.commit(run: "copy", saving: record)
        try store.end(run: "copy")
    }

    /// Everything that must come back: the files, and what the store knows. The logs may grow, and domains come and go.
    func state() throws -> [String: String] {
        var state = machine.tree.snapshot(ignoring: "/var/log/domus").filter { !$0.key.hasPrefix("/run") }
        for record in try store.records() { state["record of \(record.hostname)"] = "\(record)" }
        for base in try store.bases() { state["record of base \(base.id)"] = "\(base)" }
        for run in try store.runs() { state["run \(run.id)"] = "\(run)" }
        return state
    }

    /// Names that only a run in progress has.
    var leftovers: [String] {
        machine.tree.snapshot().keys.filter { name in
            name.contains(".domus-") || name.hasPrefix("/dev/") && name.contains("/domus-")
        }.sorted()
    }

    func process(_ faults: [FakeHost.Fault] = [], programs: [String: FakeHost.Program] = [:]) -> FakeHost {
        FakeHost(
            machine, programs: FakePrograms.all.merging(programs) { $1 }, faults: faults)
    }

    private static let template: String = {
        do {
            return try contents(of: templatePath)
        } catch {
            fatalError("cannot read the template: \(error)")
        }
    }()
}

extension FakeMachine {
    /// The mark of a process that has ended.
    var startedProcess: ProcessMark { FakeHost(self).process }
}

/// The template that Domus brings.
private let templatePath: FilePath = {
    var path = FilePath(#filePath)
    for _ in 0..<4 { path.removeLastComponent() }
    return path.appending("Templates/xl.cfg.mustache")
}()

private func contents(of path: FilePath) throws -> String {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

/// Keeps what it is told.
final class Telling: Reporter {
    private let lines = Mutex<[String]>([])
    private let atBeginning: @Sendable (Int) -> Void
    private let atStep: @Sendable (String) -> Void

    init(
        atBeginning: @escaping @Sendable (Int) -> Void = { _ in },
        atStep: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.atBeginning = atBeginning
        self.atStep = atStep
    }

    var told: [String] { lines.withLock { $0 } }

    func began(_ summary: String, number: Int, of count: Int) {
        lines.withLock { $0.append("began \(number)/\(count) \(summary)") }
        atBeginning(number)
        atStep(summary)
    }

    func finished(_ summary: String, seconds: Double) { lines.withLock { $0.append("finished \(summary)") } }
    func failed(_ summary: String) { lines.withLock { $0.append("failed \(summary)") } }
    func note(_ text: String) { lines.withLock { $0.append("note \(text)") } }
    func warn(_ text: String) { lines.withLock { $0.append("warning \(text)") } }
}
