import GuestModel
import LinuxHost
import SystemPackage

/// Where bases are kept: with the guests that are their clones, so that these can share their blocks.
package enum BaseHome: Sendable, Hashable, CustomStringConvertible {
    /// A thin pool.
    case pool(VolumeGroupName, VolumeName)
    /// A directory beside those of guests in image files.
    case directory(FilePath)

    /// Where those are whose clones could be the disks of a guest; nil for disks that cannot be clones.
    package init?(of storage: GuestSpec.Storage) {
        switch storage.home {
        case .volumes(let group, let pool?, _): self = .pool(group, pool)
        case .files: self = .directory(storage.directory.appending("domains").appending(Self.directoryName))
        case .volumes, .devices: return nil
        }
    }

    /// Not the name of a guest, whose directories are its neighbours.
    package static let directoryName = ".bases"

    package var description: String {
        switch self {
        case .pool(let group, let pool): "the thin pool \(group)/\(pool)"
        case .directory(let path): "\(path)"
        }
    }

    /// What makes a base's number another one elsewhere.
    var key: String {
        switch self {
        case .pool(let group, let pool): "\(group)/\(pool)"
        case .directory(let path): path.string
        }
    }

    /// Where one of a number is.
    func path(of id: String) throws(ValueError) -> FilePath {
        switch self {
        case .pool: FilePath(try volume(of: id)?.device ?? "")
        case .directory(let path): path.appending("\(id).img")
        }
    }

    /// The volume of one of a number; nil for one in a file.
    func volume(of id: String) throws(ValueError) -> VolumePath? {
        guard case .pool(let group, _) = self else { return nil }
        return try VolumePath(group, VolumeName("domus-base-\(id)"))
    }
}

/// What is known of a base: an installed system on a disk of its own that nobody writes, of which guests are clones.
package struct BaseRecord: Sendable, Hashable {
    /// Twelve hexadecimal digits, from its shape and the archive's state.
    package var id: String
    /// ``BaseShape/key``.
    package var shape: String
    /// ``ArchiveState/digest`` just before it was installed.
    package var state: String
    /// For example `debian`.
    package var distribution: String
    package var codename: String
    package var architecture: String
    package var installMethod: String
    package var fileSystem: String
    package var place: Place
    /// What it holds; nil for a volume of a base that was made before digests were kept.
    package var digest: ImageDigest?
    /// When it was read last; nil for a volume.
    package var verified: Verification?
    /// Bytes: no clone is smaller.
    package var size: Int64
    /// Seconds since 1970.
    package var created: Int64
    /// When the last clone was made, in seconds since 1970; nil for none yet.
    package var used: Int64?
    /// The version of Domus that made it.
    package var madeBy: String

    /// That it held what was written.
    package struct Verification: Sendable, Hashable, Codable {
        package let stamp: FileStamp
        /// Seconds since 1970.
        package let time: Int64

        package init(stamp: FileStamp, time: Int64) {
            self.stamp = stamp
            self.time = time
        }

        /// Seconds after which a disk is not believed any more.
        private static let day: Int64 = 86400

        /// Whether it is still to be believed of a file that is so now.
        package func holds(_ stamp: FileStamp?, at now: Int64) -> Bool {
            stamp == self.stamp && (0..<Self.day).contains(now - time)
        }
    }

    /// What it is on.
    package enum Place: Sendable, Hashable {
        /// With the thin pool that it is in, with all its clones.
        case volume(GuestRecord.OwnedVolume, pool: String)
        case image(GuestRecord.OwnedFile)

        /// For people.
        package var text: String {
            switch self {
            case .volume(let volume, _): volume.path
            case .image(let file): file.path
            }
        }

        /// The thin pool of a volume, with its group.
        package var pool: String? {
            guard case .volume(let volume, let pool) = self else { return nil }
            return "\(volume.group)/\(pool)"
        }

        /// No two places have the same.
        package var key: String {
            switch self {
            case .volume(let volume, _): volume.uuid
            case .image(let file): file.path
            }
        }
    }

    package init(
        id: String, shape: String, state: String, distribution: String, codename: String, architecture: String,
        installMethod: String, fileSystem: String, place: Place, digest: ImageDigest?,
        verified: Verification? = nil, size: Int64, created: Int64,
        used: Int64? = nil, madeBy: String
    ) {
        self.id = id
        self.shape = shape
        self.state = state
        self.distribution = distribution
        self.codename = codename
        self.architecture = architecture
        self.installMethod = installMethod
        self.fileSystem = fileSystem
        self.place = place
        self.digest = digest
        self.verified = verified
        self.size = size
        self.created = created
        self.used = used
        self.madeBy = madeBy
    }

    /// Whether it is among those of a home.
    package func isIn(_ home: BaseHome) -> Bool {
        switch (place, home) {
        case (.volume(let volume, let ownPool), .pool(let group, let pool)):
            volume.group == group.name && ownPool == pool.name
        case (.image(let file), .directory(let path)): FilePath(file.path).removingLastComponent() == path
        default: false
        }
    }

    /// Whether a volume is this base's, as it was left.
    package func isOn(_ volume: Volume) -> Bool {
        guard case .volume(let own, let pool) = place else { return false }
        return volume.group == own.group && volume.name == own.name && volume.uuid == own.uuid
            && volume.tags.contains(VolumeTags.all) && volume.pool == pool && volume.isReadOnly
    }

    /// Whether its volume group, or its directory, is there: a disk may come back with it.
    package func hasHome(on host: Host) throws -> Bool {
        switch place {
        case .volume(let volume, _): try host.volumes.groups().contains { $0.name == volume.group }
        case .image(let file):
            try host.files.directory(at: FilePath(file.path).removingLastComponent()) != nil
        }
    }

    /// Whether what it is on is there, as far as can be told without reading it.
    ///
    /// - Throws: also where its volume group is gone.
    package func isThere(on host: Host) throws -> Bool {
        switch place {
        case .volume(let volume, _):
            return try host.volumes.volumes(in: VolumeGroupName(volume.group)).contains(where: isOn)
        case .image(let file):
            // Not its identity: one that was copied to another disk is as good, which its digest tells.
            let entry = try host.files.entry(at: FilePath(file.path))
            return entry?.kind == .file && entry?.size == size
        }
    }

    /// Seconds since 1970; of one that was never used, when it was made.
    var lastUse: Int64 { max(used ?? 0, created) }

    /// What takes it away; nil for one that is gone, or not the one that was made.
    ///
    /// - Throws: ``ProvisioningError`` for one that somebody has open.
    func removal(on host: Host) async throws -> Undo? {
        switch place {
        case .image(let file):
            let path = FilePath(file.path)
            guard let entry = try host.files.entry(at: path), entry.kind == .file else { return nil }
            let undo = Undo.removeFile(path: file.path, identity: entry.identity)
            if entry.identity == file.identity { return undo }
            // One that was moved to another disk, or has come back from a backup, is the base by what it holds.
            guard entry.size == size, try await host.files.digest(ofImage: path) == digest else { return nil }
            return undo
        case .volume(let own, _):
            let group = try VolumeGroupName(own.group)
            guard try host.volumes.groups().contains(where: { $0.name == group.name }),
                let volume = try host.volumes.volumes(in: group).first(where: isOn)
            else { return nil }
            guard !volume.isOpen else {
                throw ProvisioningError(
                    "the volume \(own.path) of the base \(id) is in use", exit: .temporary,
                    hint: "end what has it open: a mount, a copy")
            }
            return .removeVolume(group: own.group, name: own.name, uuid: own.uuid, tag: VolumeTags.all)
        }
    }
}

extension BaseRecord: Codable {
    private enum Key: String, CodingKey {
        case id, shape, state, distribution, codename, architecture, installMethod, fileSystem, volume, pool, image
        case digest, verified, size, created, used, madeBy
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        func text(_ key: Key) throws -> String { try values.decode(String.self, forKey: key) }
        let place: Place =
            if let image = try values.decodeIfPresent(GuestRecord.OwnedFile.self, forKey: .image) {
                .image(image)
            } else {
                .volume(try values.decode(GuestRecord.OwnedVolume.self, forKey: .volume), pool: try text(.pool))
            }
        self.init(
            id: try text(.id), shape: try text(.shape), state: try text(.state),
            distribution: try text(.distribution), codename: try text(.codename),
            architecture: try text(.architecture), installMethod: try text(.installMethod),
            fileSystem: try text(.fileSystem), place: place,
            digest: try values.decodeIfPresent(ImageDigest.self, forKey: .digest),
            verified: try values.decodeIfPresent(Verification.self, forKey: .verified),
            size: try values.decode(Int64.self, forKey: .size),
            created: try values.decode(Int64.self, forKey: .created),
            used: try values.decodeIfPresent(Int64.self, forKey: .used), madeBy: try text(.madeBy))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        let texts: [(Key, String)] = [
            (.id, id), (.shape, shape), (.state, state), (.distribution, distribution), (.codename, codename),
            (.architecture, architecture), (.installMethod, installMethod), (.fileSystem, fileSystem),
            (.madeBy, madeBy),
        ]
        for (key, text) in texts { try values.encode(text, forKey: key) }
        switch place {
        case .volume(let volume, let pool):
            try values.encode(volume, forKey: .volume)
            try values.encode(pool, forKey: .pool)
        case .image(let file): try values.encode(file, forKey: .image)
        }
        try values.encodeIfPresent(digest, forKey: .digest)
        try values.encodeIfPresent(verified, forKey: .verified)
        try values.encode(size, forKey: .size)
        try values.encode(created, forKey: .created)
        try values.encodeIfPresent(used, forKey: .used)
    }
}
