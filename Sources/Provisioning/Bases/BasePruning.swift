import GuestModel
import LinuxHost
import SystemPackage

/// Which bases are to go: those that nobody has made a clone of for long, and the least recently used of those that take too
/// much room together.
package struct BasePruning: Sendable {
    /// Seconds since the last use.
    package var age: Int64?
    /// Bytes that all may take.
    package var room: Int64?

    package init(age: Int64?, room: Int64?) {
        self.age = age
        self.room = room
    }

    /// A base that goes, and why.
    package struct Choice: Sendable, Hashable {
        package enum Reason: String, Sendable, Hashable, Codable {
            /// Its volume or file is gone.
            case gone
            case age
            case room
        }

        package let base: BaseRecord
        package let reason: Reason
    }

    /// - Parameters:
    ///   - bases: with the bytes that each takes; nil for one that is gone.
    ///   - now: seconds since 1970.
    /// - Returns: those that go, the least recently used first.
    package func choices(among bases: [(base: BaseRecord, takes: Int64?)], now: Int64) -> [Choice] {
        var choices: [Choice] = []
        var total = bases.reduce(Int64(0)) { $0 + ($1.takes ?? 0) }
        for (base, takes) in bases.sorted(by: { $0.base.lastUse < $1.base.lastUse }) {
            let reason: Choice.Reason? =
                if takes == nil {
                    .gone
                } else if let age, now - base.lastUse > age {
                    .age
                } else if let room, total > room {
                    .room
                } else {
                    nil
                }
            guard let reason else { continue }
            total -= takes ?? 0
            choices.append(Choice(base: base, reason: reason))
        }
        return choices
    }
}

extension BaseRecord {
    /// Bytes that it takes on its disk: a file's blocks; of a volume its size, which it may share with its clones.
    ///
    /// - Returns: nil for one that is gone.
    package func room(on host: Host) throws -> Int64? {
        guard try hasHome(on: host), try isThere(on: host) else { return nil }
        guard case .image(let file) = place else { return size }
        return try host.files.entry(at: FilePath(file.path))?.allocated
    }
}
