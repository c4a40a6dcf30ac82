import GuestModel
import LinuxHost
import SystemPackage

/// Volume groups in the tree, so that a copy of the tree has them too: a group is a directory below ``FakeVolumes/root``
/// with a file for its size and one for each volume, named by its UUID; a volume's device is a file below /dev.
package enum FakeVolumes {
    static let root = "/var/lib/fake-lvm"

    /// Makes a group of that many bytes, and a device-mapper.
    package static func addGroup(_ name: String, size: Int64, to tree: inout FakeTree) {
        tree.put("\(size)", at: "\(root)/\(name)/size")
        tree.put("", at: "/dev/mapper/control")
        _ = tree.makeDirectories("dev/\(name)")
        _ = tree.makeDirectories("/var/lib/fake-sealed/\(name)")
    }

    /// Takes a physical volume away from a group.
    package static func loseDevice(of group: String, in tree: inout FakeTree) {
        tree.put("1", at: "\(root)/\(group)/missing")
    }

    /// Makes a volume that Domus has nothing to do with.
    package static func add(_ volume: Volume, to tree: inout FakeTree) {
        tree.put(text(volume), at: "\(root)/\(volume.group)/\(volume.uuid)")
        tree.put("somebody's data", at: "/dev/\(volume.group)/\(volume.name)")
    }

    /// Has somebody else do something with a volume.
    package static func change(
        _ name: String, of group: String, in tree: inout FakeTree, _ change: (inout Volume) -> Void
    ) {
        guard var volume = (try? volumes(in: group, tree))?.first(where: { $0.name == name }) else {
            fatalError("there is no volume \(group)/\(name)")
        }
        change(&volume)
        tree.put(text(volume), at: "\(root)/\(group)/\(volume.uuid)")
    }

    static let extent: Int64 = 4 << 20

    /// Where the content of a volume is that has no device.
    static func sealed(_ volume: Volume) -> String { "/var/lib/fake-sealed/\(volume.group)/\(volume.uuid)" }

    static func text(_ volume: Volume) -> String {
        [
            volume.name, "\(volume.size)", volume.tags.sorted().joined(separator: ","), volume.pool ?? "",
            volume.isOpen ? "open" : "", volume.isThinPool ? "pool" : "",
            volume.dataPercent.map { "\($0)" } ?? "", volume.metadataPercent.map { "\($0)" } ?? "",
            volume.zeroesBlocks ? "zero" : "", volume.hasDependents ? "origin" : "",
            volume.isReadOnly ? "read-only" : "",
        ]
        .joined(separator: "\n")
    }

    static func volume(_ text: String, group: String, uuid: String) -> Volume {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return Volume(
            group: group, name: lines[0], uuid: uuid, size: Int64(lines[1]) ?? 0,
            tags: Set(lines[2].split(separator: ",").map(String.init)), pool: lines[3].isEmpty ? nil : lines[3],
            dataPercent: Double(lines[6]), metadataPercent: Double(lines[7]), isThinPool: lines[5] == "pool",
            zeroesBlocks: lines[8] == "zero", hasDependents: lines[9] == "origin",
            isReadOnly: lines[10] == "read-only", isOpen: lines[4] == "open")
    }

    static func volumes(in group: String, _ tree: FakeTree) throws(Errno) -> [Volume] {
        guard let id = try tree.find("\(root)/\(group)"), let names = tree.children(of: id)?.keys else {
            throw .noSuchFileOrDirectory
        }
        var volumes: [Volume] = []
        for uuid in names where uuid != "size" && uuid != "missing" {
            volumes.append(volume(tree.text("\(root)/\(group)/\(uuid)") ?? "", group: group, uuid: uuid))
        }
        return volumes.sorted { $0.name < $1.name }
    }
}

extension FakeHost: VolumeManaging {
    package func groups() throws(HostError) -> [VolumeGroup] {
        try look("list the volume groups") { tree throws(Errno) in
            guard let root = try tree.find(FakeVolumes.root), let names = tree.children(of: root)?.keys else {
                return []
            }
            var groups: [VolumeGroup] = []
            for name in names.sorted() {
                let size = Int64(tree.text("\(FakeVolumes.root)/\(name)/size") ?? "") ?? 0
                let used = try FakeVolumes.volumes(in: name, tree).reduce(0) { $0 + $1.size }
                groups.append(
                    VolumeGroup(
                        name: name, size: size, free: size - used, extentSize: FakeVolumes.extent,
                        missingDevices: Int(tree.text("\(FakeVolumes.root)/\(name)/missing") ?? "") ?? 0))
            }
            return groups
        }
    }

    package func volumes(in group: VolumeGroupName) throws(HostError) -> [Volume] {
        try look("list the volumes of \(group)") { tree throws(Errno) in
            try FakeVolumes.volumes(in: group.name, tree)
        }
    }

    package func create(
        _ path: VolumePath, size: ByteSize, pool: VolumeName?, tags: [VolumeTag]
    ) throws(HostError) {
        try change("make the volume \(path)") { tree, _ throws(Errno) in
            guard try !FakeVolumes.volumes(in: path.group.name, tree).contains(where: { $0.name == path.volume.name })
            else { throw .fileExists }
            let whole = (size.bytes + FakeVolumes.extent - 1) / FakeVolumes.extent * FakeVolumes.extent
            let volume = Volume(
                group: path.group.name, name: path.volume.name, uuid: "uuid-of-\(path.volume)", size: whole,
                tags: Set(tags.map(\.text)), pool: pool?.name)
            tree.put(FakeVolumes.text(volume), at: "\(FakeVolumes.root)/\(path.group)/\(volume.uuid)")
            tree.put(.file([], size: whole), at: path.device, mode: 0o600)
        }
    }

    package func remove(from group: VolumeGroupName, uuid: String?, tag: VolumeTag) throws(HostError) -> Bool {
        try change("remove a volume of \(group)") { tree, _ throws(Errno) in
            let meant = try FakeVolumes.volumes(in: group.name, tree).filter { volume in
                volume.tags.contains(tag.text) && (uuid == nil || volume.uuid == uuid)
            }
            if meant.contains(where: \.isOpen) { throw .resourceBusy }
            for volume in meant {
                let paths = [
                    "\(FakeVolumes.root)/\(group)/\(volume.uuid)", "/dev/\(group)/\(volume.name)",
                    FakeVolumes.sealed(volume),
                ]
                for path in paths where try tree.find(path) != nil {
                    let place = try tree.parent(of: path)
                    try tree.remove(place.name, in: place.id, withContents: false)
                }
            }
            return !meant.isEmpty
        }
    }

    package func remove(_ path: VolumePath, uuid: String) throws(HostError) -> Bool {
        try change("remove the volume \(path)") { tree, _ throws(Errno) in
            guard
                let volume = try FakeVolumes.volumes(in: path.group.name, tree)
                    .first(where: { $0.name == path.volume.name && $0.uuid == uuid })
            else { return false }
            if volume.isOpen { throw .resourceBusy }
            tree.take("\(FakeVolumes.root)/\(path.group)/\(uuid)")
            tree.take(volume.isReadOnly ? FakeVolumes.sealed(volume) : path.device)
            return true
        }
    }

    package func extend(_ path: VolumePath, to size: ByteSize, uuid: String?) throws(HostError) -> Bool {
        try resize(path, to: size, uuid: uuid, "extend")
    }

    package func reduce(_ path: VolumePath, to size: ByteSize, uuid: String) throws(HostError) -> Bool {
        try resize(path, to: size, uuid: uuid, "reduce")
    }

    private func resize(
        _ path: VolumePath, to size: ByteSize, uuid: String?, _ verb: String
    ) throws(HostError) -> Bool {
        try change("\(verb) the volume \(path) to \(size)") { tree, _ throws(Errno) in
            guard
                var volume = try FakeVolumes.volumes(in: path.group.name, tree)
                    .first(where: { $0.name == path.volume.name && (uuid == nil || $0.uuid == uuid) }),
                let device = try tree.find(path.device), case .file(let bytes, _) = tree[device].body
            else { return false }
            guard verb == "extend" ? volume.size < size.bytes : volume.size > size.bytes else { return true }
            volume.size = (size.bytes + FakeVolumes.extent - 1) / FakeVolumes.extent * FakeVolumes.extent
            tree.put(FakeVolumes.text(volume), at: "\(FakeVolumes.root)/\(path.group)/\(volume.uuid)")
            tree[device].body = .file(Array(bytes.prefix(Int(volume.size))), size: volume.size)
            return true
        }
    }

    package func rename(_ path: VolumePath, to name: VolumeName, uuid: String?) throws(HostError) -> Bool {
        try change("rename the volume \(path) to \(name)") { tree, _ throws(Errno) in
            let volumes = try FakeVolumes.volumes(in: path.group.name, tree)
            guard var volume = volumes.first(where: { $0.name == path.volume.name && (uuid == nil || $0.uuid == uuid) })
            else {
                return false
            }
            guard !volumes.contains(where: { $0.name == name.name }) else { throw .fileExists }
            volume.name = name.name
            tree.put(FakeVolumes.text(volume), at: "\(FakeVolumes.root)/\(path.group)/\(volume.uuid)")
            guard try tree.find(path.device) != nil else { return true }
            let from = try tree.parent(of: path.device)
            try tree.move(from.name, in: from.id, to: name.name, in: from.id)
            return true
        }
    }

    package func snapshot(of origin: VolumePath, as name: VolumeName, tags: [VolumeTag]) throws(HostError) {
        try change("make the snapshot \(name) of \(origin)") { tree, _ throws(Errno) in
            let volumes = try FakeVolumes.volumes(in: origin.group.name, tree)
            guard let source = volumes.first(where: { $0.name == origin.volume.name }), source.pool != nil else {
                throw .noSuchFileOrDirectory
            }
            guard !volumes.contains(where: { $0.name == name.name }) else { throw .fileExists }
            var volume = source
            volume.name = name.name
            volume.uuid = "uuid-of-\(name)"
            volume.tags = Set(tags.map(\.text))
            volume.isReadOnly = false
            tree.put(FakeVolumes.text(volume), at: "\(FakeVolumes.root)/\(origin.group)/\(volume.uuid)")
            tree.put(
                .file(Array((tree.text(FakeVolumes.sealed(source)) ?? "").utf8), size: source.size),
                at: "/dev/\(origin.group)/\(name)", mode: 0o600)
        }
    }

    package func seal(_ path: VolumePath) throws(HostError) {
        try change("seal the volume \(path)") { tree, _ throws(Errno) in
            guard
                var volume = try FakeVolumes.volumes(in: path.group.name, tree)
                    .first(where: { $0.name == path.volume.name })
            else { throw .noSuchFileOrDirectory }
            volume.isReadOnly = true
            tree.put(FakeVolumes.text(volume), at: "\(FakeVolumes.root)/\(path.group)/\(volume.uuid)")
            tree.put(tree.text(path.device) ?? "", at: FakeVolumes.sealed(volume))
            tree.take(path.device)
        }
    }
}
