import GuestModel
import LinuxHost
import Provisioning
import Synchronization
import SystemPackage
import XenConfig

/// Gives out addresses of a pool, each to one guest: none that a record, a configuration in /etc/xen, another process or
/// another guest of this command has.
final class AddressAllocator: Sendable {
    private let host: Host
    private let store: @Sendable () throws -> StateStore?
    private let configurations: FilePath
    private let reserves: Bool
    /// Those that this command has given out without reserving them, by guest.
    private let given = Mutex<[String: [IPAddress]]>([:])
    private let hasReserved = Mutex(false)

    /// - Parameters:
    ///   - store: is asked for when there is a guest that wants an address; nil where nothing is known yet.
    ///   - reserves: whether other processes are kept from what is given out, until ``release()``; false where nothing is to
    ///     be changed.
    init(host: Host, configurations: FilePath, reserves: Bool, store: @escaping @Sendable () throws -> StateStore?) {
        self.host = host
        self.configurations = configurations
        self.reserves = reserves
        self.store = store
    }

    /// - Parameter except: what is somebody's else: the router's.
    /// - Returns: fewer than were asked for where the pool has no more.
    func addresses(
        _ count: Int, of pool: AddressPool, for guest: Hostname, except others: Set<IPAddress>
    ) throws -> [InterfaceAddress] {
        let store = try store()
        let taken = try others.union(inConfigurations(except: guest))
        if reserves, let store {
            hasReserved.withLock { $0 = true }
            do {
                return try store.reserve(
                    count, of: pool, besides: taken, for: guest.name, process: host.system.thisProcess,
                    isRunning: host.system.isRunning)
            } catch {
                throw ProvisioningError(error)
            }
        }
        return try given.withLock { given in
            let mine = given.filter { $0.key != guest.name }.values.flatMap(\.self)
            let found =
                try store?.freeAddresses(
                    count, of: pool, besides: taken.union(mine), for: guest.name, isRunning: host.system.isRunning)
                ?? pool.first(count) { !taken.contains($0) && !mine.contains($0) }
            given[guest.name] = found.map(\.address)
            return found
        }
    }

    /// The records say by now who has which.
    func release() {
        guard hasReserved.withLock({ $0 }), let store = try? store() else { return }
        try? store.release(host.system.thisProcess)
    }

    /// Of guests that other tools, or an administrator, have made.
    private func inConfigurations(except guest: Hostname) throws -> Set<IPAddress> {
        guard try host.files.directory(at: configurations) != nil else { return [] }
        var found: Set<IPAddress> = []
        for name in try GuestConfigurations.names(in: configurations, host.files) {
            guard let bytes = try? host.files.contents(of: configurations.appending(name), limit: 1 << 20),
                let file = try? XenConfigFile(parsing: String(decoding: bytes, as: UTF8.self), file: name)
            else { continue }
            let summary = GuestSummary(from: file)
            guard summary.name != guest.name else { continue }
            for text in summary.addresses {
                if let address = try? IPAddress(parsing: String(text.prefix { $0 != "/" })) { found.insert(address) }
            }
        }
        return found
    }
}
