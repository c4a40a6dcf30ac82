import Archives
import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

/// Gets the installer's images of a release, proven, into the store.
package struct NetbootFetch: Sendable {
    /// Where they are to come from.
    package enum Source: Sendable, Hashable {
        /// The mirror; where it does not have the images, the archive's package of them.
        case any
        case mirror
        case package
        /// A package that is there, whose digest the archive's index must have.
        case packageFile(FilePath)
        case disc(FilePath)
    }

    package let archive: ArchiveChain.Archive
    package let architecture: Architecture
    /// nil for the best that there is.
    package let flavour: NetbootFlavour?
    package let source: Source
    /// The signed list of digests that proves a disc: `SHA256SUMS`, with `SHA256SUMS.sign` beside it.
    package let sums: FilePath?

    package init(
        _ archive: ArchiveChain.Archive, _ architecture: Architecture, flavour: NetbootFlavour? = nil,
        source: Source = .any, sums: FilePath? = nil
    ) {
        self.archive = archive
        self.architecture = architecture
        self.flavour = flavour
        self.source = source
        self.sums = sums
    }

    /// What a fetch works with.
    package struct Site: Sendable {
        package let store: NetbootStore
        package let host: Host
        /// A directory of the run's own, on the store's file system.
        package let scratch: FilePath
        package let log: FilePath?
        package let note: @Sendable (String) -> Void
        package let progress: @Sendable (Double) -> Void

        package init(
            store: NetbootStore, host: Host, scratch: FilePath, log: FilePath?,
            note: @escaping @Sendable (String) -> Void, progress: @escaping @Sendable (Double) -> Void
        ) {
            self.store = store
            self.host = host
            self.scratch = scratch
            self.log = log
            self.note = note
            self.progress = progress
        }
    }

    /// - Returns: the set as it is in the store, perhaps since long.
    /// - Throws: ``InstallerError`` for the first link of the chain that does not hold; nothing is in the store then that was
    ///   not proven.
    package func run(at site: Site) async throws -> NetbootSet {
        try site.store.prepare()
        if case .disc(let path) = source { return try await fromDisc(path, site) }
        guard archive.release.distribution == .debian || source != .package else {
            throw InstallerError("Ubuntu has no package of its installer's images", cause: .usage)
        }
        let chain = try await open(site)
        var find: NetbootStore.Find?
        switch source {
        case .mirror: find = try await fromMirror(chain, site)
        case .any:
            find = try await fromMirror(chain, site)
            if find == nil, archive.release.distribution == .debian, flavour != .xen {
                find = try await fromPackage(chain, site)
            }
        case .package, .packageFile: find = try await fromPackage(chain, site)
        case .disc: break
        }
        guard var find else { throw missing(chain) }
        if find.set.hasModulesInArchive == nil {
            find.set.hasModulesInArchive = try await hasModules(for: find.set.kernelRelease, chain)
        }
        try site.store.keep(find, temporary: site.scratch.appending("set.json"))
        return find.set
    }

    func open(_ site: Site) async throws -> ArchiveChain {
        let chain = try await ArchiveChain.open(
            archive, downloads: Downloads(host: site.host, proxy: archive.proxy, log: site.log), scratch: site.scratch,
            seen: site.store.seen(archive))
        if let signature = chain.signature {
            try site.store.noteSeen(archive, date: chain.release.date)
            if signature.isByExpiredKey {
                site.note(
                    "the key \(signature.signer) that signed \(archive.suite) has expired since, as those of old releases do"
                )
            }
        }
        return chain
    }

    private func missing(_ chain: ArchiveChain) -> InstallerError {
        let release = archive.release
        let hasInstaller = chain.release.files.keys.contains { $0.hasPrefix("main/installer-\(architecture)/") }
        guard hasInstaller else {
            return InstallerError(
                "\(release.title) has no netboot installer for \(architecture)"
                    + (release.distribution == .ubuntu ? ": Ubuntu has made none since 20.04" : ""),
                hint: "domus create --dist=\(release.codename) --arch=\(architecture) installs it without",
                cause: .unavailable)
        }
        return InstallerError(
            "\(archive.shown) does not have the installer's images of \(release.codename) for \(architecture)"
                + (flavour.map { " of the flavour \($0.rawValue)" } ?? ""),
            hint: flavour == .xen
                ? "--flavour=generic takes the images that are not made for Xen; or try another mirror"
                : "try another mirror", cause: .unavailable)
    }

    // MARK: The mirror

    private func fromMirror(_ chain: ArchiveChain, _ site: Site) async throws -> NetbootStore.Find? {
        var lists: [String: DigestList] = [:]
        for images in NetbootImages.candidates(of: archive.release, architecture, flavour) {
            if lists[images.directory] == nil {
                guard let file = try await chain.file(images.sums) else { continue }
                let text = String(decoding: try site.host.files.contents(of: file, limit: 16 << 20), as: UTF8.self)
                lists[images.directory] = try DigestList(text, file: "\(images.sums) of \(archive.shown)")
            }
            guard let list = lists[images.directory], let kernel = list.digests[images.kernel],
                let initrd = list.digests[images.initrd]
            else { continue }
            if let known = try known(images.flavour, kernel: kernel, initrd: initrd, chain, site) {
                return .init(known)
            }
            guard let find = try await fetch(images, kernel: kernel, initrd: initrd, chain, site) else {
                site.note(
                    "\(archive.shown) does not have all of \(images.directory)/\(images.kernel) and \(images.initrd), which it "
                        + "lists")
                continue
            }
            return find
        }
        return nil
    }

    /// The same images, if they are there: with what proves them now.
    private func known(
        _ flavour: NetbootFlavour, kernel: String, initrd: String, _ chain: ArchiveChain, _ site: Site
    ) throws -> NetbootSet? {
        let id = NetbootSet.id(archive.suite, architecture.rawValue, flavour, initrd: initrd)
        guard var set = try site.store.sets().first(where: { $0.id == id }), set.kernel == kernel, set.initrd == initrd,
            try site.store.problems(of: set).isEmpty
        else { return nil }
        set.signer = chain.signature?.signer ?? set.signer
        set.released = chain.release.date
        set.hasModulesInArchive = nil
        // As good as new: prune counts from here.
        set.fetched = site.host.clock.seconds
        return set
    }

    private func fetch(
        _ images: NetbootImages, kernel: String, initrd: String, _ chain: ArchiveChain, _ site: Site
    ) async throws -> NetbootStore.Find? {
        func get(_ path: String, _ digest: String, as name: String) async throws -> FilePath? {
            let target = site.scratch.appending("\(images.flavour.rawValue)-\(name)")
            return try await chain.file(
                "\(images.directory)/\(path)", isOfSuite: true, sha256: digest, to: target)
        }
        guard let kernelFile = try await get(images.kernel, kernel, as: "kernel"),
            let initrdFile = try await get(images.initrd, initrd, as: "initrd")
        else { return nil }
        return try described(
            kernel: (kernelFile, kernel), initrd: (initrdFile, initrd), flavour: images.flavour,
            source: .mirror(archive.shown), chain, site)
    }

    /// Proven files, with all that is known of them.
    func described(
        kernel: (file: FilePath, digest: String), initrd: (file: FilePath, digest: String), flavour: NetbootFlavour,
        source: NetbootSet.Source, _ chain: ArchiveChain?, _ site: Site
    ) throws -> NetbootStore.Find {
        let files = site.host.files
        let image = try KernelImage { offset, count throws(HostError) in
            try files.bytes(of: kernel.file, at: Int64(offset), count: count)
        }
        let isKernel = if case .unknown = image.kind { false } else { true }
        guard isKernel else {
            throw InstallerError("\(source.text): what should be a kernel is none", cause: .badData)
        }
        let sizes = (
            try files.entry(at: kernel.file)?.size ?? 0, try files.entry(at: initrd.file)?.size ?? 0
        )
        let release = try image.release ?? InitialRAMDisk(path: initrd.file).kernelRelease
        let xen = try notes(of: image, in: kernel.file, site)
        let set = NetbootSet(
            distribution: archive.release.distribution.rawValue, codename: archive.suite,
            architecture: architecture.rawValue, flavour: flavour, kernel: kernel.digest, initrd: initrd.digest,
            kernelSize: sizes.0, initrdSize: sizes.1, kernelRelease: release, xen: xen, source: source,
            signer: chain?.signature?.signer, released: chain?.release.date, fetched: site.host.clock.seconds)
        return .init(set, files: [kernel, initrd])
    }

    /// What a kernel knows of Xen, by the ELF file in it; nil where there is none that can be read.
    private func notes(of image: KernelImage, in file: FilePath, _ site: Site) throws -> XenNotes? {
        let size = try site.host.files.entry(at: file)?.size ?? 0
        guard let payload = image.payload, payload.count > 4, payload.upperBound <= size else { return nil }
        // All that are packed have the unpacked size behind them; gzip's own are its last bytes.
        let count = [nil, .gzip].contains(image.compression) ? payload.count : payload.count - 4
        let packed = site.scratch.appending("payload-\(file.lastComponent?.string ?? "")")
        _ = try site.host.files.createFile(
            packed, contents: site.host.files.bytes(of: file, at: Int64(payload.lowerBound), count: count), mode: 0o600)
        // Debian's have 50 MB.
        return (try? CompressedFile.contents(of: packed, limit: 512 << 20)).flatMap(XenNotes.init(elf:))
    }
}
