import LinuxHost
import Provisioning
import SystemPackage
import Testing

@Suite("Pruning of bases")
struct BasePruningTests {
    private func base(_ id: String, created: Int64, used: Int64? = nil) -> BaseRecord {
        BaseRecord(
            id: id, shape: "s", state: "t", distribution: "debian", codename: "bookworm", architecture: "amd64",
            installMethod: "tar", fileSystem: "ext4",
            place: .image(
                .init(path: FilePath("/srv/\(id).img"), identity: FileIdentity(device: 1, inode: 1, birth: nil))),
            digest: nil, size: 100, created: created, used: used, madeBy: "0.1.0")
    }

    private func choices(_ pruning: BasePruning, _ bases: [(BaseRecord, Int64?)]) -> [String] {
        pruning.choices(among: bases.map { (base: $0.0, takes: $0.1) }, now: 1000)
            .map { "\($0.base.id) \($0.reason.rawValue)" }
    }

    @Test("by age of the last use, or of the making")
    func age() {
        let bases: [(BaseRecord, Int64?)] = [
            (base("new", created: 950), 10), (base("old", created: 100), 10),
            (base("used", created: 100, used: 990), 10), (base("edge", created: 900), 10),
        ]
        #expect(choices(BasePruning(age: 100, room: nil), bases) == ["old age"])
        #expect(choices(BasePruning(age: 99, room: nil), bases) == ["old age", "edge age"])
        #expect(choices(BasePruning(age: nil, room: nil), bases) == [])
    }

    @Test(
        "by room, the least recently used first, and no more than is needed; what is gone is forgotten and takes none")
    func room() {
        let bases: [(BaseRecord, Int64?)] = [
            (base("a", created: 1, used: 900), 40), (base("b", created: 500), 30), (base("c", created: 400), 30),
            (base("d", created: 300), nil),
        ]
        #expect(choices(BasePruning(age: nil, room: 100), bases) == ["d gone"])
        #expect(choices(BasePruning(age: nil, room: 99), bases) == ["d gone", "c room"])
        #expect(choices(BasePruning(age: nil, room: 40), bases) == ["d gone", "c room", "b room"])
        #expect(choices(BasePruning(age: nil, room: 0), bases) == ["d gone", "c room", "b room", "a room"])
        // What goes for its age makes room.
        #expect(choices(BasePruning(age: 550, room: 75), bases) == ["d gone", "c age"])
    }
}
