import GuestModel
import Testing

@Suite("names of volumes")
struct VolumeNameTests {
    @Test(
        "what could be taken for something else in a command of LVM's is no name",
        arguments: [
            "", ".", "..", "-a", "--all", "a b", "a/b", "a'b", "a\"b", "a;b", "a\nb", "a\tb", "a@b", "é", "a\0b",
            String(repeating: "x", count: 128),
        ])
    func refused(text: String) {
        #expect(throws: ValueError.self) { try VolumeGroupName(text) }
        #expect(throws: ValueError.self) { try VolumeName(text) }
        #expect(throws: ValueError.self) { try VolumeTag(text) }
    }

    @Test("a volume's device is told by both names, the kernel's with hyphens doubled")
    func device() throws {
        let path = try VolumePath(parsing: "vg-a/web-1.example.org-disk")
        #expect(path.device == "/dev/vg-a/web-1.example.org-disk")
        #expect(path.mappedName == "vg--a-web--1.example.org--disk")
        #expect("\(path)" == "vg-a/web-1.example.org-disk")
    }

    @Test("together they must fit into the kernel's name")
    func length() throws {
        let group = try VolumeGroupName(String(repeating: "g", count: 63))
        #expect(throws: Never.self) { try VolumePath(group, VolumeName(String(repeating: "v", count: 63))) }
        #expect(throws: ValueError.self) { try VolumePath(group, VolumeName(String(repeating: "v", count: 64))) }
        #expect(throws: ValueError.self) { try VolumePath(group, VolumeName(String(repeating: "v-", count: 22))) }
    }

    @Test("GROUP/VOLUME, and nothing else", arguments: ["vg", "vg/", "/lv", "vg/a/b", "/dev/vg/a"])
    func parsing(text: String) {
        #expect(throws: ValueError.self) { try VolumePath(parsing: text) }
    }
}
