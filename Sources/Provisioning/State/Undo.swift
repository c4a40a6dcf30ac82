import GuestModel
import LinuxHost
import SystemPackage

/// What takes back one effect on the host. It is data, so that another process can do it after this one was killed;
/// it may be done twice; and it checks identity, so that it never removes what the run did not make.
package enum Undo: Codable, Hashable, Sendable {
    /// Removes a directory and what is in it. Without an identity only under a name that no other run has: one with
    /// the run's own random number in it.
    case removeTree(path: String, identity: FileIdentity?)
    /// Removes one file; as above.
    case removeFile(path: String, identity: FileIdentity?)
    /// Removes a directory if nothing is in it: one that others may have begun to use stays.
    case removeDirectoryIfEmpty(path: String)
    /// Removes the volume that has this tag and, once it is known, this UUID, whatever it is called by then.
    case removeVolume(group: String, name: String, uuid: String?, tag: String)
    /// Gives the volume of that UUID its former name back.
    case renameVolumeBack(group: String, from: String, to: String, uuid: String)
    /// Gives something its former name back.
    case moveBack(from: String, to: String, identity: FileIdentity)

    /// One line for people.
    package var summary: String {
        switch self {
        case .removeTree(let path, _): "removed \(path)"
        case .removeFile(let path, _): "removed \(path)"
        case .removeDirectoryIfEmpty(let path): "removed \(path), which was empty"
        case .moveBack(_, let path, _): "put \(path) back"
        case .removeVolume(let group, let name, _, _): "removed the volume \(group)/\(name)"
        case .renameVolumeBack(let group, _, let name, _): "put the volume \(group)/\(name) back"
        }
    }

    /// One line for people, before it is done.
    package var plan: String {
        switch self {
        case .removeTree(let path, _): "remove \(path)"
        case .removeFile(let path, _): "remove \(path)"
        case .removeDirectoryIfEmpty(let path): "remove \(path), if it is empty"
        case .moveBack(_, let path, _): "put \(path) back"
        case .removeVolume(let group, let name, _, _): "remove the volume \(group)/\(name)"
        case .renameVolumeBack(let group, _, let name, _): "put the volume \(group)/\(name) back"
        }
    }

    /// What it is about.
    package var subject: String {
        switch self {
        case .removeTree(let path, _), .removeFile(let path, _), .removeDirectoryIfEmpty(let path): path
        case .moveBack(let path, _, _): path
        case .removeVolume(let group, let name, _, _), .renameVolumeBack(let group, let name, _, _): "\(group)/\(name)"
        }
    }

    /// Does it.
    ///
    /// - Returns: whether there was anything to do.
    /// - Throws: ``HostError`` when the host refuses, so that the journal keeps the entry.
    package func perform(on host: Host) throws(HostError) -> Bool {
        switch self {
        case .removeTree(let path, let identity):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), matches(entry, identity) else { return false }
            try host.files.removeTree(path)
        case .removeFile(let path, let identity):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), matches(entry, identity) else { return false }
            try host.files.remove(path)
        case .removeDirectoryIfEmpty(let path):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), entry.kind == .directory,
                try host.files.names(in: path).isEmpty
            else { return false }
            try host.files.remove(path)
        case .moveBack(let from, let to, let identity):
            guard let entry = try host.files.entry(at: FilePath(from)), entry.identity == identity else { return false }
            try host.files.rename(FilePath(from), to: FilePath(to))
        case .removeVolume(let group, _, let uuid, let tag):
            let (group, tag) = try valid { () throws(ValueError) in (try VolumeGroupName(group), try VolumeTag(tag)) }
            return try host.volumes.remove(from: group, uuid: uuid, tag: tag)
        case .renameVolumeBack(let group, let from, let to, let uuid):
            let (path, name) = try valid { () throws(ValueError) in
                (try VolumePath(VolumeGroupName(group), VolumeName(from)), try VolumeName(to))
            }
            return try host.volumes.rename(path, to: name, uuid: uuid)
        }
        return true
    }

    /// What the journal holds was valid when it was written.
    private func valid<Value>(_ make: () throws(ValueError) -> Value) throws(HostError) -> Value {
        do throws(ValueError) {
            return try make()
        } catch {
            throw HostError("the journal holds what it cannot: \(error.message)")
        }
    }

    private func matches(_ entry: FileEntry, _ identity: FileIdentity?) -> Bool {
        identity == nil || entry.identity == identity
    }
}
