import Foundation
import Glibc
import Synchronization
import SystemPackage

/// Builds archives, each once per process, and the keys and packages that they share.
actor FixtureWorkshop {
    static let shared = FixtureWorkshop()

    private struct Order: Hashable {
        let release: FixtureRelease
        let tampering: FixtureArchive.Tampering?
    }

    private struct Materials {
        let directory: FilePath
        let pool: PackagePool
        let key: SigningKey
        let otherKey: SigningKey
    }

    private var materials: Task<Materials, any Error>?
    private var archives: [Order: Task<FixtureArchive, any Error>] = [:]

    func archive(
        _ release: FixtureRelease,
        _ tampering: FixtureArchive.Tampering?
    ) async throws -> FixtureArchive {
        let order = Order(release: release, tampering: tampering)
        if let task = archives[order] { return try await task.value }
        let gathered = materials ?? Task { try await Self.gather() }
        materials = gathered
        let number = archives.count
        let task = Task {
            let materials = try await gathered.value
            let directory = materials.directory.appending("archive-\(number)")
            return try await Self.build(release, tampering, in: directory, materials)
        }
        archives[order] = task
        return try await task.value
    }

    private static func gather() async throws -> Materials {
        let directory = try processDirectory()
        async let first = SigningKey.make("archive", in: directory)
        async let second = SigningKey.make("unrelated", in: directory)
        let (key, otherKey) = try await (first, second)
        let pool = try await PackagePool.make(in: directory, keyring: key.keyring)
        return Materials(directory: directory, pool: pool, key: key, otherKey: otherKey)
    }

    private static func build(
        _ release: FixtureRelease,
        _ tampering: FixtureArchive.Tampering?,
        in directory: FilePath,
        _ materials: Materials
    ) async throws -> FixtureArchive {
        var release = release
        if tampering == .expired {
            release.date = Date(timeIntervalSince1970: 1_577_836_800)
            release.validUntil = Date(timeIntervalSince1970: 1_578_441_600)
        }
        let writer = ArchiveWriter(
            release: release,
            architecture: materials.pool.architecture,
            directory: directory,
            key: tampering == .wrongKey ? materials.otherKey : materials.key
        )
        let own = ReleasePackages(release: release, architecture: materials.pool.architecture).all
        let ownPool = directory.appending("release-packages")
        try makeDirectories(ownPool)
        let packages = try await materials.pool.packages + PackagePool.build(own, into: ownPool)
        try await writer.write(packages)
        if let tampering { try writer.apply(tampering) }
        return FixtureArchive(
            release: release,
            directory: directory,
            architecture: materials.pool.architecture,
            keyring: materials.key.keyring,
            unrelatedKeyring: materials.otherKey.keyring
        )
    }

    /// Lives as long as the process, since tests anywhere in it share the archives; a handler at its exit removes it.
    private static func processDirectory() throws -> FilePath {
        let directory = try TemporaryDirectory("archive")
        kept.withLock { $0 = directory }
        atexit { kept.withLock { if let directory = $0 { removeTree(directory.path) } } }
        return directory.path
    }
}

private let kept = Mutex<TemporaryDirectory?>(nil)
