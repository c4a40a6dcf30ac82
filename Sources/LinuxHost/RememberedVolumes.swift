import GuestModel
import Synchronization

/// Volume groups as they were when they were first asked about, for plans, which ask the same of them many times: each
/// question takes LVM a look at all disks. Whoever changes them asks again: a plan may be minutes old by then.
package final class RememberedVolumes: VolumeManaging {
    private let source: any VolumeManaging
    private let known = Mutex(Answers())

    private struct Answers {
        var groups: [VolumeGroup]?
        var volumes: [VolumeGroupName: [Volume]] = [:]
    }

    package init(_ source: any VolumeManaging) { self.source = source }

    package func groups() throws(HostError) -> [VolumeGroup] {
        if let groups = known.withLock(\.groups) { return groups }
        let groups = try source.groups()
        known.withLock { $0.groups = groups }
        return groups
    }

    package func volumes(in group: VolumeGroupName) throws(HostError) -> [Volume] {
        if let volumes = known.withLock({ $0.volumes[group] }) { return volumes }
        let volumes = try source.volumes(in: group)
        known.withLock { $0.volumes[group] = volumes }
        return volumes
    }

    // MARK: Changes

    private func forget() { known.withLock { $0 = Answers() } }

    package func create(
        _ path: VolumePath, size: ByteSize, pool: VolumeName?, tags: [VolumeTag]
    ) throws(HostError) {
        defer { forget() }
        try source.create(path, size: size, pool: pool, tags: tags)
    }

    package func remove(from group: VolumeGroupName, uuid: String?, tag: VolumeTag) throws(HostError) -> Bool {
        defer { forget() }
        return try source.remove(from: group, uuid: uuid, tag: tag)
    }

    package func remove(_ path: VolumePath, uuid: String) throws(HostError) -> Bool {
        defer { forget() }
        return try source.remove(path, uuid: uuid)
    }

    package func extend(_ path: VolumePath, to size: ByteSize, uuid: String?) throws(HostError) -> Bool {
        defer { forget() }
        return try source.extend(path, to: size, uuid: uuid)
    }

    package func reduce(_ path: VolumePath, to size: ByteSize, uuid: String) throws(HostError) -> Bool {
        defer { forget() }
        return try source.reduce(path, to: size, uuid: uuid)
    }

    package func rename(_ path: VolumePath, to name: VolumeName, uuid: String?) throws(HostError) -> Bool {
        defer { forget() }
        return try source.rename(path, to: name, uuid: uuid)
    }

    package func snapshot(of origin: VolumePath, as name: VolumeName, tags: [VolumeTag]) throws(HostError) {
        defer { forget() }
        try source.snapshot(of: origin, as: name, tags: tags)
    }

    package func seal(_ path: VolumePath) throws(HostError) {
        defer { forget() }
        try source.seal(path)
    }
}

extension Host {
    /// The same host, with what LVM says of it as it is now.
    package var withRememberedVolumes: Host {
        var host = self
        host.volumes = RememberedVolumes(volumes)
        return host
    }
}
