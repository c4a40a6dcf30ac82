import Foundation
import Testing

/// The house as its plan says it is: what the sources import, held against the manifest's order of rooms.
@Suite("The rooms") struct RoomTests {
    /// From the bottom up: a room imports only rooms that stand before it.
    private static let order = [
        "CLinux", "CArchive", "CLVM", "CParted", "CCrypt", "CXML", "GuestModel", "LinuxHost", "Templating", "Settings",
        "XenConfig",
        "Archives", "Partitions", "LogicalVolumes", "Storage", "Tailoring", "Bootstrap", "Installer", "Provisioning",
        "Commands",
        "domus", "domus-chroot",
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What each file of a room imports.
    private static func imports(of room: String) throws -> [(file: String, module: String)] {
        let directory = root.appending(path: "Sources/\(room)")
        let files = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil)
        var found: [(file: String, module: String)] = []
        for case let file as URL in files ?? FileManager.DirectoryEnumerator() where file.pathExtension == "swift" {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                guard let keyword = words.firstIndex(of: "import"),
                    words[..<keyword].allSatisfy({ $0.hasPrefix("@") || ["package", "public", "private"].contains($0) }
                    ),
                    let module = words.last
                else { continue }
                found.append((file: file.lastPathComponent, module: module))
            }
        }
        return found
    }

    @Test("every directory of Sources is a room of the plan")
    func complete() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path(percentEncoded: false))
        #expect(Set(names) == Set(Self.order))
    }

    @Test("a room imports only rooms below it", arguments: order)
    func downwards(room: String) throws {
        let position = try #require(Self.order.firstIndex(of: room))
        let found = try Self.imports(of: room)
        #expect(room.hasPrefix("C") && room != "Commands" || !found.isEmpty, "no import was found in \(room)")
        for (file, module) in found {
            guard let other = Self.order.firstIndex(of: module) else { continue }
            #expect(other < position, "\(room)/\(file) imports \(module)")
        }
    }

    @Test("the manifest grants no room what it does not import", arguments: order)
    func manifest(room: String) throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let used = Set(try Self.imports(of: room).map(\.module))
        guard let start = manifest.range(of: "room(\"\(room)\", [") ?? manifest.range(of: "\"\(room)\",\n            [")
        else { return }
        let list = manifest[start.upperBound...].prefix { $0 != "]" }
        for word in list.split(separator: ",") {
            let name = word.trimmingCharacters(in: CharacterSet(charactersIn: "\" \n"))
            guard Self.order.contains(name) else { continue }
            #expect(used.contains(name), "\(room) depends on \(name) and imports it nowhere")
        }
    }

    @Test(
        "only its own room imports a foreign library",
        arguments: [
            ("ArgumentParser", ["Commands"]), ("Subprocess", ["LinuxHost"]), ("GRDB", ["Provisioning"]),
            ("Mustache", ["Templating"]), ("CArchive", ["Archives"]), ("CParted", ["Partitions"]),
            ("CLVM", ["LogicalVolumes"]), ("CXML", ["XenConfig"]), ("CCrypt", ["LinuxHost"]),
            ("CLinux", ["Archives", "LinuxHost", "domus-chroot"]), ("Foundation", []),
        ])
    func owned(module: String, rooms: [String]) throws {
        for room in Self.order where !rooms.contains(room) {
            let files = try Self.imports(of: room).filter { $0.module == module }.map(\.file)
            #expect(files.isEmpty, "\(room) imports \(module) in \(files)")
        }
    }
}
