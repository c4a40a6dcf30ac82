import Archives
import LinuxHost
import Synchronization
import SystemPackage

/// Trees beside the tree, on its file system, for what is in them to be moved into it; they have the same links.
final class PackageStages: Sendable {
    /// For all packages that have no script of their own to wait for.
    let common: PackageTree
    private let own = Mutex<[Int: PackageTree]>([:])
    private let directory: FilePath
    private let skeleton: TreeSkeleton
    private let files: any FileChanging

    /// - Parameter directory: where they are made.
    init(in directory: FilePath, _ skeleton: TreeSkeleton, _ files: any FileChanging) throws {
        self.directory = directory
        self.skeleton = skeleton
        self.files = files
        common = try Self.make(directory.appending("stage"), skeleton, files)
    }

    /// Makes the stage of one package.
    func add(_ number: Int) throws -> PackageTree {
        let stage = try Self.make(directory.appending("stage-\(number)"), skeleton, files)
        own.withLock { $0[number] = stage }
        return stage
    }

    /// The stage of one package; nil when it has none.
    func of(_ number: Int) -> PackageTree? { own.withLock { $0[number] } }

    private static func make(
        _ path: FilePath, _ skeleton: TreeSkeleton, _ files: any FileChanging
    ) throws -> PackageTree {
        _ = try files.createDirectory(path, mode: 0o755)
        let stage = try PackageTree(root: path)
        try skeleton.layOut(stage)
        return stage
    }
}
