import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The tree that packages are unpacked into, several at a time, as dpkg(1) would one after the other.
///
/// Unlike the tree of a root file system's archive, this one has links that packages lead through (a merged /usr):
/// names are resolved as after chroot(2), by openat2(2), so that none leads out of it. Nothing is synchronized.
package final class PackageTree: Sendable {
    package let root: FilePath
    let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        /// Who has put what is there, by the place itself: packages may call one place by two names.
        var claims: [Place: Claim] = [:]
        /// Names that a package has lost, and to which one that replaces it.
        var losses: [Int: [[UInt8]: Int]] = [:]
        /// The directories made since ``settle()``, with the package whose mode they have.
        var directories: [UInt64: Int] = [:]
    }

    struct Place: Hashable {
        var directory: UInt64
        var name: [UInt8]
    }

    enum Verdict {
        case mine
        /// The other package's stays.
        case theirs(Int)
        case conflict(Int)
    }

    private struct Claim {
        var package: Int
        var name: [UInt8]
        /// What a symbolic link leads to.
        var link: [UInt8]?
    }

    /// - Throws: `cannotExtract`.
    package init(root: FilePath) throws(ArchiveError) {
        self.root = root
        descriptor = open(root.string, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ArchiveError(.cannotExtract, "could not open \(printable(root)): \(Errno(rawValue: errno))")
        }
    }

    deinit { close(descriptor) }

    /// What the package had to leave to others that replace it, and to which; complete when all are unpacked.
    package func losses(of package: Int) -> [[UInt8]: Int] {
        state.withLock { $0.losses[package] ?? [:] }
    }

    /// From here on directories that exist keep their owner and mode, whatever packages say: scripts have run.
    package func settle() {
        state.withLock { $0.directories = [:] }
    }

    /// Claims a place for a package.
    ///
    /// - Parameter link: what a symbolic link leads to; nil for anything else.
    /// - Returns: whether the package may put its file there.
    func claim(_ place: Place, name: [UInt8], rules: UnpackRules, link: [UInt8]? = nil) -> Verdict {
        state.withLock { state in
            guard let other = state.claims[place], other.package != rules.number else {
                state.claims[place] = Claim(package: rules.number, name: name, link: link)
                return .mine
            }
            // Packages may share a link to a directory; what it leads to nobody can say yet.
            if let link, link == other.link { return .theirs(other.package) }
            switch rules.precedence(rules.number, other.package) {
            case .first:
                state.losses[other.package, default: [:]][other.name] = rules.number
                state.claims[place] = Claim(package: rules.number, name: name, link: link)
                return .mine
            case .second:
                state.losses[rules.number, default: [:]][name] = other.package
                return .theirs(other.package)
            case .neither:
                return .conflict(other.package)
            }
        }
    }

    /// Who has a place; nil when it is none of the packages.
    func owner(of place: Place) -> Int? {
        state.withLock { $0.claims[place]?.package }
    }

    func owner(of name: [UInt8]) throws(ArchiveError) -> Int? {
        try place(of: name).flatMap { owner(of: $0) }
    }

    /// Takes a claim back.
    func forget(_ place: Place) {
        state.withLock { $0.claims[place] = nil }
    }

    /// Takes over what another tree knows, whose files have been moved here.
    ///
    /// - Parameter directories: which of this tree's directories one of the other's has become, by inode; the others have been
    ///   moved as they are.
    func takeOver(_ other: PackageTree, directories: [UInt64: UInt64]) {
        let taken = other.state.withLock { $0 }
        state.withLock { state in
            for (place, claim) in taken.claims {
                let here = Place(directory: directories[place.directory] ?? place.directory, name: place.name)
                state.claims[here] = claim
            }
            state.losses.merge(taken.losses) { $0.merging($1) { $1 } }
        }
    }

    /// Puts what a package has made in its place, unless another has got the place in the meantime.
    ///
    /// - Parameter move: gives it its name.
    func settle(_ place: Place, of package: Int, _ move: () -> Bool) -> Bool? {
        state.withLock { state in
            guard state.claims[place].map({ $0.package == package }) ?? true else { return nil }
            return move()
        }
    }

    /// Makes a directory, and notes who made it, as one.
    ///
    /// - Parameter make: gives its inode; nil when it could not be made.
    func makeDirectory(by package: Int, _ make: () -> UInt64?) -> Bool {
        state.withLock { state in
            guard let inode = make() else { return false }
            state.directories[inode] = package
            return true
        }
    }

    /// Notes that dpkg-divert(1) has given the files of all packages but the keeper's another name.
    package func note(_ diversion: PackageDiversion) throws(ArchiveError) {
        guard let old = try place(of: diversion.from), let new = try place(of: diversion.to) else { return }
        state.withLock { state in
            guard let claim = state.claims[old], claim.package != diversion.keeper else { return }
            state.claims[old] = nil
            state.claims[new] = claim
        }
    }

    private func place(of name: [UInt8]) throws(ArchiveError) -> Place? {
        let parts = TreeName.split(name)
        let directory = try openDirectory(parts.directory)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        var status = stat()
        guard fstat(directory, &status) == 0 else { return nil }
        return Place(directory: UInt64(status.st_ino), name: parts.leaf)
    }

    /// Notes that a package made a directory.
    func noteDirectory(_ inode: UInt64, by package: Int) {
        state.withLock { $0.directories[inode] = package }
    }

    /// Whether a directory that is there is to have this package's owner and mode: the first in order has them, whoever
    /// is unpacked first.
    func takesDirectory(_ inode: UInt64, _ package: Int) -> Bool {
        state.withLock { state in
            guard let owner = state.directories[inode], owner > package else { return false }
            state.directories[inode] = package
            return true
        }
    }
}
