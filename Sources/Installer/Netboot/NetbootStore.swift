import Crypto
import FoundationEssentials
import Glibc
import GuestModel
import LinuxHost
import SystemPackage

/// The images that were fetched, by their content: what two releases share is there once.
///
///     STATE/netboot/objects/SHA256     each file
///     STATE/netboot/sets/ID.json       what belongs together, and what proves it
///     STATE/netboot/seen/KEY-SECONDS   of which time the newest release file of a mirror's suite was
///
/// Files get their names when they are whole and proven, so that what is there can be used; a damaged disk is noticed by
/// ``problems(of:)``, which every use asks.
package struct NetbootStore: Sendable {
    package let directory: FilePath
    let host: Host

    package init(directory: FilePath, host: Host) {
        self.directory = directory
        self.host = host
    }

    /// The host's files, for who reads what is in the store.
    package var files: any FileSystem { host.files }

    private var objects: FilePath { directory.appending("objects") }
    private var setsDirectory: FilePath { directory.appending("sets") }
    private var seenDirectory: FilePath { directory.appending("seen") }

    /// A file of the store.
    package func object(_ digest: String) -> FilePath { objects.appending(digest) }

    /// Makes the directories, of which nobody but root needs to write: images are public.
    package func prepare() throws(HostError) {
        for path in [directory, objects, setsDirectory, seenDirectory] where try host.files.entry(at: path) == nil {
            do throws(HostError) {
                _ = try host.files.createDirectory(path, mode: 0o755)
            } catch {
                // Another run may have been quicker.
                guard error.errno == .fileExists else { throw error }
            }
        }
    }

    // MARK: Sets

    /// All that there are, the newest first.
    ///
    /// - Throws: ``InstallerError`` for a file that is none.
    package func sets() throws -> [NetbootSet] {
        guard try host.files.entry(at: setsDirectory) != nil else { return [] }
        var sets: [NetbootSet] = []
        for name in try host.files.names(in: setsDirectory) where name.hasSuffix(".json") {
            let path = setsDirectory.appending(name)
            do {
                let bytes = try host.files.contents(of: path, limit: 1 << 20)
                sets.append(try JSONDecoder().decode(NetbootSet.self, from: Data(bytes)))
            } catch let error as HostError {
                throw error
            } catch {
                throw InstallerError(
                    "\(path) cannot be read as a description of images", hint: "remove it, and fetch them again",
                    cause: .badData)
            }
        }
        return sets.sorted { ($0.fetched, $0.id) > ($1.fetched, $1.id) }
    }

    /// What is wrong with the files of a set; empty where they are whole. Reads all of them.
    package func problems(of set: NetbootSet) throws -> [String] {
        try set.digests.compactMap { digest in
            let path = object(digest)
            guard try host.files.entry(at: path)?.kind == .file else { return "\(path) is not there" }
            return try PlainDigest.sha256(of: path, on: host) == digest ? nil : "\(path) is damaged"
        }
    }

    /// Images that are proven and not in the store yet, or whose proof is new.
    package struct Find: Sendable {
        package var set: NetbootSet
        /// Those to be taken; none where the store has them.
        package var files: [(file: FilePath, digest: String)] = []

        package init(_ set: NetbootSet, files: [(file: FilePath, digest: String)] = []) {
            self.set = set
            self.files = files
        }
    }

    /// Gives proven files and their description their names in the store. Nobody removes any of them meanwhile.
    ///
    /// - Parameter temporary: where the description can be written first, on the same file system.
    package func keep(_ find: Find, temporary: FilePath) throws {
        try exclusively {
            for (file, digest) in find.files { try take(file, digest: digest) }
            // What was found in the store may have been removed since.
            for digest in find.set.digests where try host.files.entry(at: object(digest)) == nil {
                throw InstallerError(
                    "the installer's images of \(find.set.codename) were removed while they were looked at",
                    hint: "try again: they are fetched anew then", cause: .temporary)
            }
            try save(find.set, temporary: temporary)
        }
    }

    /// One process at a time changes what the store has. What takes its time, a download, is done before.
    private func exclusively<Result>(_ change: () throws -> Result) throws -> Result {
        // The directory itself: it is there, and nothing has to be removed again. It lies where only root comes, so that
        // nobody else can hold the lock.
        let lock: FileDescriptor
        do {
            lock = try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw HostError(cannot: "open \(directory)", error as? Errno ?? .ioError)
        }
        defer { try? lock.close() }
        while flock(lock.rawValue, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw HostError(cannot: "lock \(directory)", Errno(rawValue: errno))
            }
        }
        return try change()
    }

    /// Gives a proven file its name in the store.
    private func take(_ file: FilePath, digest: String) throws {
        let target = object(digest)
        if try host.files.entry(at: target) != nil {
            // Another run may be reading it: only one that is damaged gives way.
            guard try PlainDigest.sha256(of: target, on: host) != digest else {
                try host.files.remove(file)
                return
            }
            try host.files.remove(target)
        }
        try host.files.synchronize(file)
        do throws(HostError) {
            try host.files.rename(file, to: target)
        } catch {
            // Another run was quicker, with the same file.
            guard error.errno == .fileExists else { throw error }
        }
        try host.files.synchronize(objects)
    }

    /// Puts a description in its place.
    private func save(_ set: NetbootSet, temporary: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = Array(try encoder.encode(set)) + [10]
        let path = setsDirectory.appending("\(set.id).json")
        _ = try host.files.createFile(temporary, contents: text, mode: 0o644)
        if try host.files.entry(at: path) != nil { try host.files.remove(path) }
        do throws(HostError) {
            try host.files.rename(temporary, to: path)
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
        try host.files.synchronize(setsDirectory)
    }

    /// Removes sets, unless they were fetched anew since they were read, and the files that no other one has.
    ///
    /// - Returns: those that were removed, and how many bytes the disk has got back.
    package func remove(_ sets: [NetbootSet]) throws -> (removed: [NetbootSet], freed: Int64) {
        guard try host.files.entry(at: directory) != nil else { return ([], 0) }
        return try exclusively {
            let present = try self.sets()
            let removed = sets.filter(present.contains)
            for set in removed { try host.files.remove(setsDirectory.appending("\(set.id).json")) }
            return (removed, try removeUnused())
        }
    }

    /// Removes files that belong to no set: a run was killed between the two.
    private func removeUnused() throws -> Int64 {
        guard try host.files.entry(at: objects) != nil else { return 0 }
        let used = Set(try self.sets().flatMap(\.digests))
        var freed: Int64 = 0
        for name in try host.files.names(in: objects) where !used.contains(name) {
            let path = objects.appending(name)
            freed += try host.files.entry(at: path)?.allocated ?? 0
            try host.files.remove(path)
        }
        return freed
    }

    // MARK: Replays

    /// When the newest release file that was seen of a suite at a mirror was made.
    package func seen(_ archive: ArchiveChain.Archive) throws -> Int64? {
        try marks(of: archive).map(\.seconds).max()
    }

    /// Remembers a release file, proven, for the next time.
    package func noteSeen(_ archive: ArchiveChain.Archive, date: Int64) throws {
        let marks = try marks(of: archive)
        guard marks.map(\.seconds).max().map({ $0 < date }) ?? true else { return }
        let path = seenDirectory.appending("\(Self.key(archive))-\(date)")
        do throws(HostError) {
            _ = try host.files.createFile(path, contents: [], mode: 0o644)
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
        // The new one first: a kill in between forgets nothing.
        for mark in marks { try? host.files.remove(seenDirectory.appending(mark.name)) }
    }

    private func marks(of archive: ArchiveChain.Archive) throws -> [(name: String, seconds: Int64)] {
        guard try host.files.entry(at: seenDirectory) != nil else { return [] }
        let prefix = Self.key(archive) + "-"
        return try host.files.names(in: seenDirectory).compactMap { name in
            guard name.hasPrefix(prefix), let seconds = Int64(name.dropFirst(prefix.count)) else { return nil }
            return (name, seconds)
        }
    }

    /// Not the address itself, which may hold a password.
    private static func key(_ archive: ArchiveChain.Archive) -> String {
        var hash = SHA256()
        hash.update(data: Array("\(MirrorURL.redacted(archive.mirror))\n\(archive.suite)".utf8))
        return String(Array(hash.finalize()).hexadecimal.prefix(24))
    }
}
