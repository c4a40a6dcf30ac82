import Archives
import Crypto
import Glibc
import GuestModel
import LinuxHost
import SystemPackage

/// Unpacks and configures the packages of a tree.
struct Unpacking: Sendable {
    let packages: PackageSet
    let apt: AptArchive
    let tree: PackageTree
    /// Where packages wait, unpacked, until the essential ones are configured: their scripts must not meet what dpkg would not
    /// have unpacked by then. Those whose own script must run before have a stage each.
    let stages: PackageStages
    let skeleton: TreeSkeleton
    let scripts: GuestScripts
    let stopwatch: Stopwatch
    /// Those which a system must have, with all that they need.
    let essential: Set<Int>
    /// Those that take so long to unpack, a kernel above all, that all the others are configured meanwhile; and what needs
    /// them.
    let late: Set<Int>
    let database: PackageDatabase
    private let threads = WorkerThreads()
    let ledger = UnpackLedger()

    init(
        packages: PackageSet, apt: AptArchive, tree: PackageTree, stages: PackageStages, skeleton: TreeSkeleton,
        scripts: GuestScripts, stopwatch: Stopwatch
    ) {
        self.packages = packages
        self.apt = apt
        self.stages = stages
        self.skeleton = skeleton
        self.tree = tree
        self.scripts = scripts
        self.stopwatch = stopwatch
        database = PackageDatabase(tree: tree)
        let essential = packages.closure(of: packages.packages.filter(\.isEssential).map(\.number))
        self.essential = essential
        let large = packages.packages.filter { $0.size >= Self.largeSize }.map(\.number)
        late = packages.dependents(of: Set(large)).subtracting(essential)
    }

    /// - Parameter download: ends when all packages are there.
    func run(download: @escaping @Sendable () async throws -> Void) async throws {
        let (queue, lateQueue) = (UnpackQueue(), UnpackQueue())
        // One task fetches and watches, some unpack, and this one has the scripts run.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await deliver(to: queue, late: lateQueue, download: download)
                } catch {
                    await ledger.fail(error)
                    await queue.close()
                    await lateQueue.close()
                    throw error
                }
            }
            for _ in 0..<Self.width { group.addTask { try await work(on: queue) } }
            group.addTask {
                // Nothing is quicker for its beginning sooner.
                try await ledger.wait(for: essential)
                try await work(on: lateQueue)
            }
            do {
                try await ledger.wait(for: essential)
                try await stopwatch.lap("\(essential.count) essential packages fetched and unpacked")
                try await configureEssential()
                let others = Set(packages.packages.map(\.number)).subtracting(essential).subtracting(late)
                try await ledger.wait(for: others)
                var configured = essential
                try await unpack(others, configured: &configured)
                try await stopwatch.lap("the others unpacked")
                try await configureRest()
                // Whoever fails ends the others: waitForAll() would let them go on.
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                throw error
            }
        }
        if !late.isEmpty {
            var configured = Set(packages.packages.map(\.number)).subtracting(late)
            try await unpack(late, configured: &configured)
            try await stopwatch.lap("\(late.count) large packages unpacked")
            try await scripts.configure(nil)
            try await stopwatch.lap("these configured")
        }
        if try tree.contents(of: Self.policy) == Self.nothingStarts { try tree.remove(Self.policy) }
    }

    private func work(on queue: UnpackQueue) async throws {
        do {
            while let number = await queue.next() { try await handle(number) }
        } catch {
            await ledger.fail(error)
            throw error
        }
    }

    private func configureRest() async throws {
        scripts.site.progress?(0.6)
        let placeholders = try reserveHostKeys()
        try await scripts.configure(nil)
        for name in placeholders where try tree.contents(of: name) == [] { try tree.remove(name) }
        try await stopwatch.lap("the others configured")
    }

    /// Where a hook removes them, the ssh server's package is spared making keys: it makes none for those that there are.
    ///
    /// - Returns: the names of those that were put there.
    private func reserveHostKeys() throws -> [String] {
        guard skeleton.request.anticipated?.removesHostKeys == true,
            packages.packages.contains(where: { $0.name == "openssh-server" })
        else { return [] }
        return try ["ecdsa", "ed25519", "rsa"].map { "etc/ssh/ssh_host_\($0)_key" }.filter { name in
            guard try tree.contents(of: name) == nil else { return false }
            try tree.write([], to: name)
            return true
        }
    }

    /// Decompression takes a core each; more than a few wait for the disk.
    static let width = max(2, min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Bytes of a package that is ``late``. It is a matter of size alone, so that of the same packages the same are
    /// configured first: accounts get their numbers by it.
    private static let largeSize: Int64 = 16 << 20

    // MARK: - What arrives

    /// As they should be downloaded: what is essential, for everything else waits for it; then the rest.
    var byUrgency: [[NativePackage]] {
        [true, false].map { isUrgent in packages.packages.filter { essential.contains($0.number) == isUrgent } }
    }

    /// Puts packages into the queue as they arrive.
    private func deliver(
        to queue: UnpackQueue, late lateQueue: UnpackQueue, download: @escaping @Sendable () async throws -> Void
    ) async throws {
        var missing: [String: Int] = [:]
        for package in packages.packages { missing[package.file] = package.number }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await download()
                return true
            }
            // Nobody tells when a package is there, so one has to look.
            var isDone = false
            while !missing.isEmpty {
                for name in try apt.host.files.names(in: apt.archives) {
                    guard let number = missing[name],
                        try apt.host.files.entry(at: apt.archives.appending(name))?.size
                            == packages.packages[number].size
                    else { continue }
                    missing[name] = nil
                    await (late.contains(number) ? lateQueue : queue).add(number, rank: rank(number))
                }
                if missing.isEmpty || isDone { break }
                group.addTask {
                    try await apt.host.clock.pause(0.02)
                    return false
                }
                isDone = try await group.next() ?? true
            }
            try await group.waitForAll()
            guard missing.isEmpty else {
                throw BootstrapError(
                    "apt has not fetched \(missing.keys.sorted().joined(separator: ", "))", cause: .unavailable)
            }
        }
        await queue.close()
        await lateQueue.close()
    }

    /// The essential ones first, for the scripts wait for them; and of these the largest, for the last to be done should be
    /// a small one.
    private func rank(_ number: Int) -> Int {
        let size = Int(clamping: packages.packages[number].size)
        return essential.contains(number) ? -size : (1 << 40) - size
    }

    /// Opens a package, and unpacks it.
    private func handle(_ number: Int) async throws {
        let contents = try await threads.run { _ in try open(number) }
        await ledger.opened(number, contents)
        if essential.contains(number) {
            try await unpack(number, contents, into: tree)
        } else {
            let waits = contents.hasFile("preinst") || late.contains(number)
            let stage = waits ? try stages.add(number) : stages.common
            try await unpack(number, contents, into: stage)
        }
    }

    private func path(of number: Int) -> FilePath {
        apt.archives.appending(packages.packages[number].file)
    }

    /// Reads what dpkg keeps of a package, after comparing its digest with the index's.
    private func open(_ number: Int) throws -> PackageContents {
        let package = packages.packages[number]
        let digest = try Self.digest(of: path(of: number))
        guard digest == package.digest else {
            throw BootstrapError(
                "the package \(package.file) is not what the archive's index says: its SHA-256 is \(digest), "
                    + "and \(package.digest) was expected",
                hint: "a file of the mirror is damaged, or was changed on the way", cause: .badData)
        }
        return try PackageContents(DebianPackage(path: path(of: number)).controlFiles(), of: package)
    }

    private static func digest(of path: FilePath) throws -> String {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw BootstrapError("cannot open the package \(path): \(error)", cause: .noInput)
        }
        defer { try? file.close() }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return hash.finalize().hexadecimal
    }

    private func unpack(_ number: Int, _ contents: PackageContents, into tree: PackageTree) async throws {
        let rules = UnpackRules(
            number: number, conffiles: Set(contents.conffiles.filter { !$0.isObsolete }.map(\.name)),
            precedence: precedence)
        let path = path(of: number)
        do {
            let needsDigests = !contents.hasFile("md5sums")
            let (files, digests) = try await threads.run { flag in
                var hashes: [[UInt8]: Insecure.MD5] = [:]
                let files = try tree.unpack(
                    DebianPackage(path: path), rules: rules, isCancelled: { flag.isSet },
                    observe: needsDigests
                        ? { name, bytes in
                            hashes[name, default: Insecure.MD5()].update(bufferPointer: bytes)
                        } : nil)
                guard needsDigests else { return (files, [[UInt8]: String]?.none) }
                var digests: [[UInt8]: String] = [:]
                for file in files.regular where file.isSameAs == nil {
                    digests[file.name] = (hashes[file.name] ?? Insecure.MD5()).finalize().hexadecimal
                }
                return (files, digests)
            }
            await ledger.unpacked(number, files, digests: digests)
            // As long as all that follows: measured, and good enough for people who wait.
            let done = await ledger.unpacked.count
            scripts.site.progress?(Double(done) / Double(packages.packages.count) * 0.5)
        } catch let conflict as PackageConflict {
            throw error(of: conflict)
        }
    }

    var precedence: @Sendable (Int, Int) -> UnpackRules.Precedence {
        let all = packages.packages
        return { first, second in
            if all[first].replaces(all[second]) { return .first }
            return all[second].replaces(all[first]) ? .second : .neither
        }
    }

    func error(of conflict: PackageConflict) -> BootstrapError {
        let (package, other) = (packages.packages[conflict.package], packages.packages[conflict.other])
        return BootstrapError(
            "\(package.name) \(package.version) and \(other.name) \(other.version) both have \(conflict.name)",
            hint: "they cannot be installed together; leave one of them out", cause: .failed)
    }
}
