import Dispatch
import Glibc
import Provisioning
import Synchronization

/// SIGINT, SIGTERM and SIGHUP end a run in order: it is cancelled, and undone.
final class Interruption: Sendable {
    private let received = Atomic<Int32>(0)
    private let count = Atomic<Int>(0)
    /// Kept alive; written by `watch` alone, which is called once.
    private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

    /// The exit status of a run that a signal ended: 128 and the signal's number.
    var exitCode: Int32? {
        let signal = received.load(ordering: .acquiring)
        return signal == 0 ? nil : 128 + signal
    }

    /// Hands the signals to the task from now on.
    func watch<Success, Failure>(_ task: Task<Success, Failure>) {
        // A reader of our output who leaves (`| head`) must not end us in the middle of a run.
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                _ = received.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
                switch count.add(1, ordering: .relaxed).newValue {
                case 1: task.cancel()
                case 2:
                    Console.write(
                        "\nwhat was done is being undone; once more leaves it as it is\n", to: .standardError)
                default:
                    Console.write(
                        "\nleft as it is; domus recover takes it back later\n", to: .standardError)
                    _exit(128 + number)
                }
            }
            source.resume()
            sources.append(source)
        }
    }
}
