import GuestModel
import Storage

/// Whether the guest is a clone of a base, and of which.
struct BaseBuilder {
    let values: Values

    func build(
        _ storage: GuestSpec.Storage, method: GuestSpec.Install.Method
    ) throws(OptionError) -> GuestSpec.Install.BaseUse {
        typealias Use = GuestSpec.Install.BaseUse
        guard let given = values.given("base") else { return .never }
        let use = try given.parsed { text throws(ValueError) in
            guard let use = Use(rawValue: text) else {
                throw ValueError(
                    "\"\(text)\" is not known",
                    hint: "write \(Use.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return use
        }
        guard use != .never, let obstacle = Self.obstacle(storage, method) else { return use }
        // A file's is a default for the guests that can have one.
        guard case .option = given.place else { return .never }
        throw OptionError("\(given.place): \(obstacle.message)", hint: obstacle.hint)
    }

    /// The use of a base by who asks for nothing else.
    ///
    /// - Throws: ``OptionError`` for a guest that can be no clone.
    static func required(_ spec: GuestSpec) throws(OptionError) -> GuestSpec.Install.BaseUse {
        if let obstacle = obstacle(spec.storage, spec.install.method) {
            throw OptionError(obstacle.message, hint: obstacle.hint)
        }
        return .fresh
    }

    private static func obstacle(
        _ storage: GuestSpec.Storage, _ method: GuestSpec.Install.Method
    ) -> (message: String, hint: String)? {
        switch storage.home {
        case .files, .volumes(_, pool: _?, _): break
        case .volumes:
            return ("on volumes, a base is in a thin pool, with the guests that are its clones", "add --lvm_thin=POOL")
        case .devices: return ("a device that is given cannot be a clone", "leave --image-dev out, or --base")
        }
        guard storage.layout == .images else {
            return (
                "a base is a file system, not a partitioned disk",
                "leave --base out; or --layout=disk, for a pv or pvh guest"
            )
        }
        for partition in storage.partitions {
            guard let kind = partition.fileSystem else { continue }
            guard partition.mountPoint == "/" else {
                return (
                    "a base holds all of a system, and \(partition.mountPoint ?? "") is to be a file system of its own",
                    "leave the partition out, or --base"
                )
            }
            guard CloneRenewal.renews(kind) else {
                return (
                    "a base is an ext2, ext3 or ext4, which can grow without being mounted, and no \(kind.rawValue)",
                    "choose another with --fs"
                )
            }
        }
        if case .copy(let path) = method {
            return ("whether \(path) has changed since nothing tells", "make a tar of it, for --install-method=tar")
        }
        return nil
    }
}
