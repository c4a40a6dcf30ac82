import FakeHost
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning
import Testing

@Suite("The record of a guest")
struct GuestRecordTests {
    private func record(further: [GuestRecord.Interface] = []) -> GuestRecord {
        let identity = FileIdentity(device: 1, inode: 2, birth: nil)
        return GuestRecord(
            hostname: "web1", distribution: "debian", codename: "bookworm", architecture: "amd64", type: "pvh",
            memoryMiB: 512, virtualCPUs: 1, mac: "00:16:3E:00:00:01", addresses: ["192.0.2.10/24"], bridge: "xenbr0",
            furtherInterfaces: further, installMethod: "tar",
            directory: .init(path: "/srv/xen/domains/web1", identity: identity), images: [],
            configuration: .init(path: "/etc/xen/web1.cfg", identity: identity), created: 0, madeBy: "0.1.0")
    }

    private let first = GuestRecord.Interface(
        mac: "00:16:3E:00:00:01", bridge: "xenbr0", dhcp: false, addresses: ["192.0.2.10/24"])

    @Test("with one interface is what it was before there could be several, and is still read")
    func single() throws {
        let data = try JSONEncoder().encode(record())
        #expect(!String(decoding: data, as: UTF8.self).contains("Interfaces"))
        #expect(try JSONDecoder().decode(GuestRecord.self, from: data).interfaces == [first])
    }

    @Test("has all interfaces in their order")
    func several() throws {
        let second = GuestRecord.Interface(mac: "00:16:3E:00:00:02", bridge: nil, dhcp: true, addresses: [])
        let data = try JSONEncoder().encode(record(further: [second]))
        #expect(try JSONDecoder().decode(GuestRecord.self, from: data).interfaces == [first, second])
    }
}
