import GuestModel
import LinuxHost
import Synchronization

/// What outlives a process: the disk, and the list of who still runs.
package final class FakeMachine: Sendable {
    private struct State {
        var tree: FakeTree
        var lastProcess: Int32 = 100
        var alive: Set<ProcessMark> = []
        var disk = Disk()
    }

    /// What its disk is like.
    package struct Disk: Sendable {
        /// What is left of it, whatever is written.
        package var freeSpace = ByteSize.gibibytes(100)
        /// Whether its file system has reflinks.
        package var sharesBlocks = false
        /// Whether the kernel could not write what it had to, and told nobody.
        package var losesWrites = false
    }

    private let state: Mutex<State>

    package init(_ tree: FakeTree) {
        state = Mutex(State(tree: tree))
    }

    package var tree: FakeTree {
        get { state.withLock { $0.tree } }
        set { state.withLock { $0.tree = newValue } }
    }

    package var disk: Disk {
        get { state.withLock { $0.disk } }
        set { state.withLock { $0.disk = newValue } }
    }

    func startProcess() -> ProcessMark {
        state.withLock { state in
            state.lastProcess += 1
            let mark = ProcessMark(number: state.lastProcess, start: "1", boot: "fake")
            state.alive.insert(mark)
            return mark
        }
    }

    /// Ends a process: from now on it is found dead.
    package func end(_ mark: ProcessMark) {
        state.withLock { _ = $0.alive.remove(mark) }
    }

    package func isAlive(_ mark: ProcessMark) -> Bool {
        state.withLock { $0.alive.contains(mark) }
    }
}
