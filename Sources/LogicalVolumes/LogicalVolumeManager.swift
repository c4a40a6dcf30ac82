import GuestModel
import LinuxHost

/// Volume groups through liblvm2cmd.
package struct LogicalVolumeManager: VolumeManaging {
    private let activates: Bool

    /// - Parameter activates: whether new volumes get a device. Without a device-mapper in the kernel there are none, and
    ///   only the groups' metadata can be worked on.
    package init(activates: Bool = true) {
        self.activates = activates
    }

    package func groups() throws(HostError) -> [VolumeGroup] {
        let command = report("vgs").adding("--options").adding(LVMReport.groupFields).adding("--sort", "vg_name")
        return try LVMReport.rows(run(command, "list the volume groups"), kind: "vg").map(LVMReport.group)
    }

    package func volumes(in group: VolumeGroupName) throws(HostError) -> [Volume] {
        let command = report("lvs").adding("--options").adding(LVMReport.volumeFields).adding("--sort", "lv_name")
            .adding(group)
        return try LVMReport.rows(run(command, "list the volumes of \(group)"), kind: "lv").map(LVMReport.volume)
    }

    package func create(
        _ path: VolumePath, size: ByteSize, pool: VolumeName?, tags: [VolumeTag]
    ) throws(HostError) {
        var command = LVMCommand("lvcreate").adding("--yes", "--name").adding(path.volume)
        for tag in tags { command = command.adding("--addtag").adding(tag) }
        if let pool {
            command = command.adding("--type", "thin", "--virtualsize").adding(size).adding("--thinpool").adding(pool)
        } else {
            command = command.adding("--type", "linear", "--size").adding(size)
        }
        if !activates { command = command.adding("--activate", "n", "--zero", "n", "--wipesignatures", "n") }
        try run(command.adding(path.group), "make the volume \(path) of \(size)")
    }

    package func remove(from group: VolumeGroupName, uuid: String?, tag: VolumeTag) throws(HostError) -> Bool {
        let uuid = try uuid.map { text throws(HostError) in try valid(text) }
        // LVM says nothing of a selection that is empty, and asks nothing of one with others in its train.
        let meant = try volumes(in: group).filter { volume in
            volume.tags.contains(tag.text) && (uuid == nil || volume.uuid == uuid?.text)
        }
        guard !meant.isEmpty else { return false }
        for volume in meant { try checkAlone(volume) }
        let command = LVMCommand("lvremove").adding("--yes").selecting(uuid: uuid, tag: tag).adding(group)
        try run(command, "remove the volume of \(group) with the tag \(tag)")
        return true
    }

    package func remove(_ path: VolumePath, uuid: String) throws(HostError) -> Bool {
        guard let volume = try volume(path, uuid: uuid) else { return false }
        try checkAlone(volume)
        try run(LVMCommand("lvremove").adding("--yes").adding(path), "remove the volume \(path)")
        return true
    }

    private func checkAlone(_ volume: Volume) throws(HostError) {
        guard volume.hasDependents else { return }
        throw HostError(
            "the volume \(volume.group)/\(volume.name) is not removed: others are made of it, and would go with it",
            hint: "remove its snapshots or clones first: lvs \(volume.group) shows them under Origin")
    }

    package func extend(_ path: VolumePath, to size: ByteSize, uuid: String?) throws(HostError) -> Bool {
        var former = ""
        if let uuid {
            guard let volume = try volume(path, uuid: uuid) else { return false }
            if volume.size >= size.bytes { return true }
            former = ", from \(ByteSize(bytes: volume.size))"
        }
        let command = LVMCommand("lvextend").adding("--yes").adding("--size").adding(size).adding(path)
        try run(command, "make the volume \(path) larger\(former) to \(size)")
        return true
    }

    package func reduce(_ path: VolumePath, to size: ByteSize, uuid: String) throws(HostError) -> Bool {
        guard let volume = try volume(path, uuid: uuid) else { return false }
        if volume.size <= size.bytes { return true }
        var command = LVMCommand("lvreduce").adding("--yes")
        // From 2.03.17 on it looks for a file system, and refuses what it does not know; whoever asks has looked.
        if try knowsFileSystems() { command = command.adding("--fs", "ignore") }
        try run(
            command.adding("--size").adding(size).adding(path),
            "make the volume \(path) smaller, from \(ByteSize(bytes: volume.size)) to \(size)")
        return true
    }

    private func knowsFileSystems() throws(HostError) -> Bool {
        // "2.03.16(2) (2022-05-18)"
        let version = try run(LVMCommand("version"), "ask LVM for its version").version ?? ""
        let numbers = version.prefix { $0 != "(" }.split(separator: ".").map { Int($0) ?? 0 }
        return [2, 3, 17].lexicographicallyPrecedes(numbers) || numbers == [2, 3, 17]
    }

    package func rename(_ path: VolumePath, to name: VolumeName, uuid: String?) throws(HostError) -> Bool {
        if let uuid, try volume(path, uuid: uuid) == nil { return false }
        let command = LVMCommand("lvrename").adding("--yes").adding(path.group).adding(path.volume).adding(name)
        try run(command, "give the volume \(path) the name \(name)")
        return true
    }

    package func snapshot(of origin: VolumePath, as name: VolumeName, tags: [VolumeTag]) throws(HostError) {
        // Without a size it is a thin one, in the pool of its origin (lvmthin(7)). What it is made of may be sealed: it is
        // not to inherit that.
        var command = LVMCommand("lvcreate").adding("--yes", "--snapshot", "--permission", "rw")
            .adding("--setactivationskip", "n", "--name").adding(name)
        for tag in tags { command = command.adding("--addtag").adding(tag) }
        try run(command.adding(origin), "make the snapshot \(name) of the volume \(origin)")
    }

    package func seal(_ path: VolumePath) throws(HostError) {
        let command = LVMCommand("lvchange").adding("--yes", "--permission", "r", "--setactivationskip", "y")
        try run(command.adding(path), "make the volume \(path) read-only")
        guard activates else { return }
        try run(LVMCommand("lvchange").adding("--activate", "n").adding(path), "deactivate the volume \(path)")
    }

    // MARK: Plumbing

    private func report(_ name: StaticString) -> LVMCommand {
        LVMCommand(name).adding("--reportformat", "json", "--units", "b", "--nosuffix")
    }

    @discardableResult
    private func run(_ command: LVMCommand, _ task: String) throws(HostError) -> LVMAnswer {
        let answer = LVMLibrary.run(command)
        guard answer.succeeded else {
            let reason = answer.errors.isEmpty ? "LVM gives no reason (status \(answer.status))" : answer.reason
            guard answer.isThere else {
                throw HostError(
                    "cannot \(task): \(reason)", hint: "its package is liblvm2cmd2.03", errno: .noSharedLibrary)
            }
            throw HostError("cannot \(task): \(reason)")
        }
        return answer
    }

    /// The volume of that name, if it is the one that is meant.
    private func volume(_ path: VolumePath, uuid: String) throws(HostError) -> Volume? {
        let uuid = try valid(uuid)
        return try volumes(in: path.group).first { $0.name == path.volume.name && $0.uuid == uuid.text }
    }

    private func valid(_ uuid: String) throws(HostError) -> VolumeUUID {
        guard let valid = VolumeUUID(uuid) else { throw HostError("\"\(uuid)\" is no volume's UUID") }
        return valid
    }
}

extension LVMAnswer {
    /// LVM's own words, in one line.
    var reason: String {
        errors.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }.joined(separator: "; ")
    }
}
