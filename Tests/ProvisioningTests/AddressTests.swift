import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Testing

/// Addresses of a pool, which no two guests may have.
@Suite("Addresses of a pool")
struct AddressTests {
    private let pool: AddressPool
    private let world: World

    init() throws {
        pool = try AddressPool(parsing: "192.0.2.10-192.0.2.14/24", prefixLength: nil)
        world = try World()
    }

    private func reserve(
        _ count: Int, _ guest: String, _ process: ProcessMark, taken: Set<IPAddress> = [], alive: Bool = true
    ) throws -> [String] {
        try world.store.reserve(count, of: pool, besides: taken, for: guest, process: process) { _ in alive }
            .map(\.description)
    }

    @Test("what one process has reserved no other gets, until it lets go or is gone")
    func reservations() throws {
        let (first, second) = (world.process().process, world.process().process)
        #expect(try reserve(2, "web1", first) == ["192.0.2.10/24", "192.0.2.11/24"])
        #expect(try reserve(1, "web2", second) == ["192.0.2.12/24"])
        // Another process by mistake makes a guest of the same name.
        let third = world.process().process
        #expect(try reserve(1, "web1", third) == ["192.0.2.13/24"])
        try world.store.release(third)
        // The same guest asks once more.
        #expect(try reserve(1, "web1", first) == ["192.0.2.10/24"])
        #expect(
            try world.store.freeAddresses(9, of: pool, besides: [], for: "web3") { _ in true }.map(\.description)
                == ["192.0.2.13/24", "192.0.2.14/24"])
        try world.store.release(first)
        #expect(try reserve(1, "web3", second) == ["192.0.2.10/24"])
        // Of processes that are gone nothing is left.
        #expect(try reserve(9, "web4", world.process().process, alive: false).count == 5)
    }

    @Test("what is somebody's elsewhere is passed over, and there may be too few")
    func taken() throws {
        let others = Set(try ["192.0.2.10", "192.0.2.12"].map(IPAddress.init(parsing:)))
        #expect(
            try reserve(9, "web1", world.process().process, taken: others)
                == ["192.0.2.11/24", "192.0.2.13/24", "192.0.2.14/24"])
    }

    @Test("a guest in the records has its addresses, and keeps them when it is replaced")
    func records() async throws {
        var spec = Sample.guest()
        spec.interface = Sample.interface(.fixed([Sample.address("192.0.2.11", 24)]))
        try await Work.create(spec, in: world, as: world.process())
        let process = world.process().process
        #expect(try reserve(2, "web2", process) == ["192.0.2.10/24", "192.0.2.12/24"])
        try world.store.release(process)
        #expect(try reserve(2, spec.hostname.name, process) == ["192.0.2.11/24", "192.0.2.10/24"])
    }
}
