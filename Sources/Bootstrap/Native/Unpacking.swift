import Archives
import Crypto
import Glibc
import GuestModel
import LinuxHost
import Synchronization
import SystemPackage

/// Unpacks and configures the packages of a tree.
struct Unpacking: Sendable {
    let packages: PackageSet
    let files: [AptArchive.File]
    let apt: AptArchive
    let tree: PackageTree
    let scripts: GuestScripts
    let stopwatch: Stopwatch
    /// Those which a system must have, with all that they need.
    let essential: Set<Int>

    /// Where packages wait, unpacked, until the essential ones are configured: their scripts must not meet what dpkg would not
    /// have unpacked by then. nil where it is on another file system than the tree.
    private let stage: PackageTree?
    private let database: PackageDatabase
    private let threads = UnpackThreads()
    private let ledger = Ledger()

    init(
        packages: PackageSet, files: [AptArchive.File], apt: AptArchive, tree: PackageTree, scripts: GuestScripts,
        stage: PackageTree?, stopwatch: Stopwatch
    ) {
        self.stage = stage
        self.packages = packages
        self.files = files
        self.apt = apt
        self.tree = tree
        self.scripts = scripts
        self.stopwatch = stopwatch
        database = PackageDatabase(tree: tree)
        essential = packages.closure(of: packages.packages.filter(\.isEssential).map(\.number))
    }

    /// What has been found and done so far.
    private actor Ledger {
        private(set) var contents: [Int: PackageContents] = [:]
        private(set) var unpacked: [Int: (files: UnpackedFiles, digests: [[UInt8]: String]?)] = [:]
        private var awaited: Set<Int> = []
        private var waiter: CheckedContinuation<Void, any Error>?
        private var failure: (any Error)?

        func opened(_ number: Int, _ contents: PackageContents) { self.contents[number] = contents }

        func unpacked(_ number: Int, _ files: UnpackedFiles, digests: [[UInt8]: String]?) {
            unpacked[number] = (files, digests)
            awaited.remove(number)
            if awaited.isEmpty { wake(.success(())) }
        }

        /// Whoever waits need not.
        func fail(_ error: any Error) {
            failure = failure ?? error
            wake(.failure(error))
        }

        private func wake(_ result: Result<Void, any Error>) {
            waiter?.resume(with: result)
            waiter = nil
        }

        /// Waits until all of them are unpacked.
        func wait(for numbers: Set<Int>) async throws {
            if let failure { throw failure }
            awaited = numbers.subtracting(unpacked.keys)
            if awaited.isEmpty { return }
            try await withCheckedThrowingContinuation { waiter = $0 }
        }
    }

    /// - Parameter download: ends when all packages are there.
    func run(download: @escaping @Sendable () async throws -> Void) async throws {
        let queue = UnpackQueue()
        // Two tasks fetch and watch, two unpack, and this one has the scripts run.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await deliver(to: queue, download: download)
                } catch {
                    await ledger.fail(error)
                    await queue.close()
                    throw error
                }
            }
            for _ in 0..<Self.width {
                group.addTask {
                    do {
                        while let number = await queue.next() { try await handle(number) }
                    } catch {
                        await ledger.fail(error)
                        throw error
                    }
                }
            }
            do {
                try await ledger.wait(for: essential)
                try await stopwatch.lap("\(essential.count) essential packages fetched and unpacked")
                try await configureEssential()
                // Whoever fails ends the others: waitForAll() would let them go on.
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                throw error
            }
        }
        try await unpackRest()
        try await stopwatch.lap("the others unpacked")
        scripts.site.progress?(0.6)
        try await scripts.configure(nil)
        try await stopwatch.lap("the others configured")
        if try tree.contents(of: Self.policy) == Self.nothingStarts { try tree.remove(Self.policy) }
    }

    /// Decompression takes a core each; more than a few wait for the disk.
    private static let width = max(2, min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    // MARK: - What arrives

    /// Puts packages into the queue as they arrive.
    private func deliver(to queue: UnpackQueue, download: @escaping @Sendable () async throws -> Void) async throws {
        var missing: [String: Int] = [:]
        for (number, file) in files.enumerated() {
            missing[file.name] = number
        }
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
                    await queue.add(number, rank: rank(number))
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
    }

    /// The essential ones first, for the scripts wait for them; and of these the largest, for the last to be done should be
    /// a small one.
    private func rank(_ number: Int) -> Int {
        let size = Int(clamping: packages.packages[number].size)
        return essential.contains(number) ? -size : (1 << 40) - size
    }

    /// Opens a package, and unpacks it if it need not wait.
    private func handle(_ number: Int) async throws {
        let contents = try await threads.run { _ in try open(number) }
        await ledger.opened(number, contents)
        if essential.contains(number) {
            try await unpack(number, contents, into: tree)
        } else if let stage, !contents.hasFile("preinst") {
            try await unpack(number, contents, into: stage)
        }
    }

    private func path(of number: Int) -> FilePath {
        apt.archives.appending(files[number].name)
    }

    /// Reads what dpkg keeps of a package, after comparing its digest with the index's.
    private func open(_ number: Int) throws -> PackageContents {
        let package = packages.packages[number]
        let digest = try Self.digest(of: path(of: number))
        guard digest == package.digest else {
            throw BootstrapError(
                "the package \(files[number].name) is not what the archive's index says: its SHA-256 is \(digest), "
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
        return hexadecimal(hash.finalize())
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private func unpack(
        _ number: Int, _ contents: PackageContents, into tree: PackageTree,
        diversions: [(from: [UInt8], to: [UInt8], owner: String)] = [],
        overrides: [[UInt8]: UnpackRules.Override] = [:]
    ) async throws {
        let package = packages.packages[number]
        var diverted: [[UInt8]: [UInt8]] = [:]
        for diversion in diversions where diversion.owner != package.name { diverted[diversion.from] = diversion.to }
        let rules = UnpackRules(
            number: number, conffiles: Set(contents.conffiles.filter { !$0.isObsolete }.map(\.name)),
            diversions: diverted, overrides: overrides,
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
                    digests[file.name] = Self.hexadecimal((hashes[file.name] ?? Insecure.MD5()).finalize())
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

    private var precedence: @Sendable (Int, Int) -> UnpackRules.Precedence {
        let all = packages.packages
        return { first, second in
            if all[first].replaces(all[second]) { return .first }
            return all[second].replaces(all[first]) ? .second : .neither
        }
    }

    private func error(of conflict: PackageConflict) -> BootstrapError {
        let (package, other) = (packages.packages[conflict.package], packages.packages[conflict.other])
        return BootstrapError(
            "\(package.name) \(package.version) and \(other.name) \(other.version) both have \(conflict.name)",
            hint: "they cannot be installed together; leave one of them out", cause: .failed)
    }

    /// Puts what waits into the tree, as if it were unpacked now.
    private func takeStaged(_ stage: PackageTree) throws {
        do {
            try TreeSkeleton.clear(stage)
            try tree.merge(stage, diversions: diversions().map { ($0.from, $0.to, $0.keeper) }, precedence: precedence)
        } catch let conflict as PackageConflict {
            throw error(of: conflict)
        }
        for (name, override) in try database.overrides() { try tree.apply(override, to: name) }
    }

    /// With the number of the package whose own files keep the name.
    private func diversions() throws -> [(from: [UInt8], to: [UInt8], owner: String, keeper: Int?)] {
        try database.diversions().map { diversion in
            let keeper = packages.packages.first { $0.name == diversion.owner }?.number
            return (diversion.from, diversion.to, diversion.owner, keeper)
        }
    }

    // MARK: - Scripts

    /// What invoke-rc.d(8) asks whether a service may be started.
    private static let policy = "usr/sbin/policy-rc.d"
    private static let nothingStarts = Array("#!/bin/sh\nexit 101\n".utf8)

    /// Whatever of the tree is not there yet is not needed for these.
    private func configureEssential() async throws {
        tree.settle()
        try tree.makeDirectories("usr/sbin")
        try tree.write(Self.nothingStarts, to: Self.policy, permissions: 0o755)
        try await register(essential)
        // Everything else may want to give files to an account, and this one makes them.
        let order = packages.ordered(essential)
        for number in order.filter(isAccounts) + order.filter({ !isAccounts($0) }) { try await runPreinst(number) }
        try await stopwatch.lap("pre-installation scripts run")
        try await scripts.configure(order.map { packages.packages[$0].infoName })
        try await stopwatch.lap("essential packages configured")
    }

    private func isAccounts(_ number: Int) -> Bool { packages.packages[number].name == "base-passwd" }

    private func runPreinst(_ number: Int) async throws {
        guard let contents = await ledger.contents[number], contents.hasFile("preinst") else { return }
        let dpkg = packages.packages.first { $0.name == "dpkg" }?.version ?? ""
        try database.stage(contents)
        // The version is without the revision, as dpkg itself has it.
        try await scripts.runPreinst(
            PackageDatabase.stagedPreinst, of: packages.packages[number], dpkg: String(dpkg.prefix { $0 != "-" }))
        try database.clearStage()
    }

    /// Writes packages into dpkg's database.
    private func register(_ numbers: Set<Int>) async throws {
        var entries: [PackageDatabase.Unpacked] = []
        for number in numbers.sorted() {
            guard let contents = await ledger.contents[number], let done = await ledger.unpacked[number] else {
                continue
            }
            entries.append(
                .init(
                    package: packages.packages[number], contents: contents, files: done.files, digests: done.digests))
        }
        try database.add(entries)
    }

    /// The packages that had to wait for their script, in rounds: each round has those whose pre-dependencies are there.
    private func unpackRest() async throws {
        let contents = await ledger.contents
        let all = Set(packages.packages.map(\.number))
        var waiting = all.subtracting(essential)
        var configured = essential
        // Those without a script to run before need not wait for anything any more.
        let free = waiting.filter { contents[$0]?.hasFile("preinst") != true }
        if let stage {
            try takeStaged(stage)
            try await finish(round: free.sorted(), configured: configured)
        } else {
            try await unpack(round: free.sorted(), configured: configured)
        }
        waiting.subtract(free)
        while !waiting.isEmpty {
            // A package that has nothing to do at configuration is as good as configured when it is unpacked.
            func isThere(_ number: Int) -> Bool {
                configured.contains(number)
                    || (!waiting.contains(number) && contents[number]?.hasFile("postinst") == false
                        && contents[number]?.conffiles.isEmpty == true)
            }
            var round = waiting.filter { packages.predependencies(of: $0).allSatisfy(isThere) }
            if round.isEmpty {
                let needed = waiting.map { packages.predependencies(of: $0) }
                    .filter { $0.isDisjoint(with: waiting) }
                    .reduce(into: Set<Int>()) { $0.formUnion($1) }.subtracting(configured)
                if needed.isEmpty {
                    // A circle of pre-dependencies; apt would not have chosen it.
                    round = waiting
                } else {
                    try await scripts.configure(packages.ordered(needed).map { packages.packages[$0].infoName })
                    configured.formUnion(needed)
                    continue
                }
            }
            try await unpack(round: packages.ordered(round), configured: configured)
            waiting.subtract(round)
        }
        // What another package has taken since.
        try database.rewriteLists(await ledger.unpacked.map { (packages.packages[$0.key], $0.value.files) })
    }

    private func unpack(round: [Int], configured: Set<Int>) async throws {
        // Before the scripts, as dpkg, which reads them once.
        let overrides = try database.overrides()
        for number in round { try await runPreinst(number) }
        let diversions = try diversions().map { diversion in
            try tree.divert(diversion.from, to: diversion.to, except: diversion.keeper)
            return (diversion.from, diversion.to, diversion.owner)
        }
        let queue = UnpackQueue()
        for number in round { await queue.add(number, rank: -Int(clamping: packages.packages[number].size)) }
        await queue.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.width {
                group.addTask {
                    while let number = await queue.next() {
                        guard let contents = await ledger.contents[number] else { continue }
                        try await unpack(
                            number, contents, into: tree, diversions: diversions, overrides: overrides)
                    }
                }
            }
            while try await group.next() != nil {}
        }
        try await finish(round: round, configured: configured)
    }

    /// Writes into dpkg's database what has been unpacked.
    private func finish(round: [Int], configured: Set<Int>) async throws {
        try await register(Set(round))
        let unpacked = await ledger.unpacked
        let contents = await ledger.contents
        try database.activate(
            by: round.compactMap { unpacked[$0]?.files.names }, listeners: configured.compactMap { contents[$0] })
    }
}
