import Archives
import LinuxHost
import Synchronization
import SystemPackage

/// Trees beside the tree, on its file system, for what is in them to be moved into it; they have the same links.
///
/// Their directory may be one of the tree's own: it is held open, since a package's script may put a link in its place that
/// leads to the host.
final class PackageStages: Sendable {
    /// For all packages that have no script of their own to wait for.
    let common: PackageTree
    private let own = Mutex<[Int: PackageTree]>([:])
    private let directory: HeldDirectory
    private let skeleton: TreeSkeleton
    private let files: any FileReading & FileChanging

    /// - Parameter directory: where they are made.
    init(in directory: FilePath, _ skeleton: TreeSkeleton, _ files: any FileReading & FileChanging) throws {
        self.directory = try files.hold(directory)
        self.skeleton = skeleton
        self.files = files
        common = try Self.make(self.directory.path.appending("stage"), skeleton, files)
    }

    /// Makes the stage of one package.
    func add(_ number: Int) throws -> PackageTree {
        let stage = try Self.make(directory.path.appending("stage-\(number)"), skeleton, files)
        own.withLock { $0[number] = stage }
        return stage
    }

    /// The stage of one package; nil when it has none.
    func of(_ number: Int) -> PackageTree? { own.withLock { $0[number] } }

    /// Removes them, with what was not moved.
    func remove() throws {
        let numbers = own.withLock { $0.keys.sorted() }
        for name in ["stage"] + numbers.map({ "stage-\($0)" }) {
            try files.removeTree(directory.path.appending(name))
        }
    }

    private static func make(
        _ path: FilePath, _ skeleton: TreeSkeleton, _ files: any FileChanging
    ) throws -> PackageTree {
        _ = try files.createDirectory(path, mode: 0o755)
        let stage = try PackageTree(root: path)
        try skeleton.layOut(stage)
        return stage
    }
}
