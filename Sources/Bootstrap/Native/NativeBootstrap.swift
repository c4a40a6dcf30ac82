import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// Debian's installation without waiting: apt decides and fetches, the packages are unpacked here, several at a time, each
/// as soon as it is there, and dpkg configures them.
///
/// The order is that of dpkg and mmdebstrap(1), as far as anybody can tell the difference:
///
/// 1. the essential packages with all that they need are unpacked, then their pre-installation scripts run, which could
///    not have run before, then they are configured;
/// 2. packages without such a script are unpacked meanwhile;
/// 3. the script of any other package runs when the essential packages are configured, and what the package pre-depends
///    on is; then it is unpacked;
/// 4. all the rest is configured.
package struct NativeBootstrap: Sendable {
    let request: BootstrapRequest
    let keyring: FilePath?
    let site: InstallationSite
    let host: Host

    package init(_ request: BootstrapRequest, keyring: FilePath?, at site: InstallationSite, on host: Host) {
        self.request = request
        self.keyring = keyring
        self.site = site
        self.host = host
    }

    /// Fills the tree.
    ///
    /// - Throws: ``BootstrapError``, ``HostError``.
    package func run() async throws {
        do {
            try await install()
        } catch let error as ArchiveError {
            throw BootstrapError(error)
        }
    }

    private func install() async throws {
        let apt = AptArchive(request: request, keyring: keyring, site: site, host: host)
        try apt.prepare()
        let stopwatch = Stopwatch(site: site, host: host)
        try await apt.update()
        try await stopwatch.lap("indices fetched")
        let indices = try apt.indices()
        let wanted = try request.locked.map { try words(of: $0, in: indices) } ?? wanted(indices)
        try apt.narrow(
            indices, to: PackageIndex.closure(of: wanted.map(BootstrapRequest.name(in:)), in: indices))
        try await stopwatch.lap("indices read")
        let packages = try select(try await apt.resolve(wanted), from: indices)
        if let lock = request.locked { try check(packages, against: lock) }
        try await stopwatch.lap("\(packages.count) packages chosen")
        let tree = try PackageTree(root: site.root)
        let skeleton = TreeSkeleton(tree: tree, request: request)
        try skeleton.prepare()
        let scripts = GuestScripts(
            site: site, host: host, architecture: request.architecture, timeout: request.timeout,
            environment: request.anticipated?.makesRAMDisks == true ? ["INITRD": "No"] : [:])
        try scripts.prepare()
        let stages = try PackageStages(in: site.staging, skeleton, host.files)
        let unpacking = Unpacking(
            packages: PackageSet(packages), apt: apt, tree: tree,
            stages: stages, skeleton: skeleton,
            scripts: scripts, stopwatch: stopwatch)
        try await unpacking.run(download: { try await apt.download(unpacking.byUrgency) })
        try stages.remove()
        if request.keepsDigests {
            try tree.makeDirectories("var/lib/domus")
            try tree.write(Array(InstalledPackages.text(packages).utf8), to: InstalledPackages.digestFile)
        }
        try skeleton.finish(
            automatic: automatic(packages, essential: unpacking.essential, indices: indices))
        // What scripts leave there, nobody looks for any more.
        let temporary = site.root.appending("tmp")
        // Not what a link in its place leads to.
        guard try host.files.entry(at: temporary)?.kind == .directory else { return }
        for name in try host.files.names(in: temporary) { try host.files.removeTree(temporary.appending(name)) }
    }

    /// The package that says that /usr is merged, where the release has one. The tree is laid out so, and apt is told, for
    /// it not to bring usrmerge, and all of perl, to do it.
    private static let mergedUsr = "usr-is-merged"

    /// The names of the variant's packages that are not essential.
    private func chosen(_ indices: [PackageIndex]) -> Set<String> {
        var names: Set<String> = []
        for index in indices where index.suite == request.suite {
            for priority in request.variant.priorities { names.formUnion(index.byPriority[priority] ?? []) }
            if request.variant != .essential, !index.stanzas(of: "apt").isEmpty { names.insert("apt") }
            if !index.stanzas(of: Self.mergedUsr).isEmpty { names.insert(Self.mergedUsr) }
        }
        return names
    }

    /// The words that apt is asked for.
    private func wanted(_ indices: [PackageIndex]) throws -> [String] {
        let essential = indices.filter { $0.suite == request.suite }.reduce(into: Set()) { $0.formUnion($1.essential) }
        guard !essential.isEmpty else {
            throw BootstrapError(
                "the archive's index of \(request.suite) has no package that a system must have",
                hint: "see whether the components \(request.components.joined(separator: ", ")) are all that it needs",
                cause: .unavailable)
        }
        let names = essential.union(chosen(indices))
        // A name of the index is a word of apt's command line.
        let further = request.include + (request.anticipated?.names(in: indices) ?? [])
        var words = names.filter(NativePackage.isName).sorted()
        for word in further where !words.contains(word) { words.append(word) }
        return words
    }

    /// The words that apt is asked for, of packages that are all there still.
    private func words(of lock: PackageLock, in indices: [PackageIndex]) throws -> [String] {
        let missing = lock.packages.filter { package in
            !indices.contains { index in index.stanzas(of: package.name).contains { $0["sha256"] == package.sha256 } }
        }
        guard missing.isEmpty else {
            throw BootstrapError(
                "the archive does not have \(missing.count) of the \(lock.packages.count) locked packages: "
                    + PackageLock.list(missing.map(\.text)),
                hint: "snapshot.debian.org keeps all versions: --mirror=http://snapshot.debian.org/archive/debian/DATE "
                    + "--security-mirror=http://snapshot.debian.org/archive/debian-security/DATE",
                cause: .unavailable)
        }
        return lock.packages.map { "\($0.name)=\($0.version)" }
    }

    private func check(_ packages: [NativePackage], against lock: PackageLock) throws {
        let locked = Set(lock.packages.map(\.sha256))
        let more = packages.filter { !locked.contains($0.digest) }.map { "\($0.name) \($0.version)" }
        let chosen = Set(packages.map(\.digest))
        let fewer = lock.packages.filter { !chosen.contains($0.sha256) }.map(\.text)
        guard more.isEmpty, fewer.isEmpty else {
            throw BootstrapError(
                "the lock is not a whole system: apt would "
                    + [("add ", more), ("leave out ", fewer)].filter { !$0.1.isEmpty }
                    .map { $0.0 + PackageLock.list($0.1) }.joined(separator: ", and "), cause: .badData)
        }
    }

    /// The stanzas of the files that apt has chosen.
    private func select(_ files: [AptArchive.File], from indices: [PackageIndex]) throws -> [NativePackage] {
        try files.enumerated().map { number, file in
            let name = String(file.name.prefix { $0 != "_" })
            for index in indices {
                for stanza in index.stanzas(of: name) where stanza["sha256"] == file.digest {
                    if let package = NativePackage(number: number, stanza: stanza, file: file.name) { return package }
                }
            }
            throw BootstrapError(
                "apt has chosen \(file.name), and no index has a package of that digest", cause: .badData)
        }
    }

    /// Packages that nobody asked for: apt removes them when nothing needs them any more.
    private func automatic(_ packages: [NativePackage], essential: Set<Int>, indices: [PackageIndex]) -> [String] {
        if let lock = request.locked { return lock.packages.filter(\.isAutomatic).map(\.name) }
        let asked = chosen(indices).union(request.include.map(BootstrapRequest.name(in:)))
            .union(request.anticipated?.names(in: indices) ?? [])
        return packages.filter { !essential.contains($0.number) && !asked.contains($0.name) }.map(\.name)
    }
}

extension BootstrapError {
    /// Trouble with an archive or with the tree.
    package init(_ error: ArchiveError) {
        let cause: Cause =
            switch error.kind {
            case .unreadable: .noInput
            case .notAnArchive, .truncated, .damaged, .empty, .missing, .unsafe: .badData
            case .noSpace: .noSpace
            case .changed, .cannotExtract, .cannotWrite, .cancelled: .failed
            }
        self.init(error.message, hint: error.hint, cause: cause)
    }
}
