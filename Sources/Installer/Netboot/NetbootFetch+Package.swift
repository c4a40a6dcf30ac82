import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// Images from Debian's own package of them, and whether the archive still has what an installation loads beside them.
extension NetbootFetch {
    /// `debian-installer-12-netboot-amd64`, the release's own; else the newest that there is: a release to come has its
    /// predecessor's until it has one.
    private func package(in index: [UInt8]) -> PackageStanza? {
        let (prefix, suffix) = ("debian-installer-", "-netboot-\(architecture)")
        func number(_ name: String) -> Int { Int(name.dropFirst(prefix.count).dropLast(suffix.count)) ?? 0 }
        let names = PackageStanza.names(in: index, from: prefix, to: suffix)
        let own = archive.release.version.map { prefix + $0 + suffix }
        return (own.flatMap { names.contains($0) ? $0 : nil } ?? names.max { number($0) < number($1) })
            .flatMap { PackageStanza(named: $0, in: index) }
    }

    /// The generic images: the package has no others.
    func fromPackage(_ chain: ArchiveChain, _ site: Site) async throws -> NetbootStore.Find? {
        if flavour == .xen {
            throw InstallerError(
                "the package of the installer's images has none of the flavour xen",
                hint: "--flavour=generic takes those",
                cause: .usage)
        }
        guard let index = try await index(of: "main", chain), let package = package(in: index) else {
            site.note("\(archive.shown) has no package of the installer's images in \(archive.suite), either")
            return nil
        }
        let name = package.name
        let deb: FilePath
        if case .packageFile(let path) = source {
            let digest = try PlainDigest.sha256(of: path, on: site.host)
            guard digest == package.sha256 else {
                throw InstallerError(
                    "\(path) is not \(name) \(package.version) as the archive signed it: its SHA-256 is "
                        + "\(digest.prefix(16))..., and should be \(package.sha256.prefix(16))...",
                    hint: "it may be of another version: apt-get download \(name)", cause: .badData)
            }
            deb = path
        } else {
            var chain = chain
            chain.onProgress { bytes in site.progress(Double(bytes) / Double(max(package.size, 1))) }
            guard
                let file = try await chain.file(
                    package.filename, isOfSuite: false, sha256: package.sha256, size: package.size,
                    to: site.scratch.appending("netboot.deb"))
            else { return nil }
            site.note("they come from the package \(name) \(package.version)")
            deb = file
        }
        let files = try unpack(deb, site)
        return try described(
            kernel: files.kernel, initrd: files.initrd, flavour: .generic,
            source: .package(name: name, version: package.version), chain, site)
    }

    private func unpack(
        _ deb: FilePath, _ site: Site
    ) throws -> (kernel: (file: FilePath, digest: String), initrd: (file: FilePath, digest: String)) {
        let package = try DebianPackage(path: deb)
        var reader = try package.data()
        var found: [String: (file: FilePath, digest: String)] = [:]
        let kernelName = NetbootImages.kernelName(architecture)
        let directory = "text/\(archive.release.distribution)-installer/\(architecture)/"
        while let entry = try reader.next() {
            guard case .file = entry.kind else { continue }
            for name in [kernelName, "initrd.gz"] where entry.path.string.hasSuffix("/" + directory + name) {
                guard entry.size <= 1 << 30 else { continue }
                let file = site.scratch.appending("unpacked-\(name)")
                _ = try site.host.files.createFile(
                    file, contents: try reader.readContent(limit: Int(entry.size)), mode: 0o600)
                found[name] = (file, try PlainDigest.sha256(of: file, on: site.host))
            }
            if found.count == 2 { break }
        }
        guard let kernel = found[kernelName], let initrd = found["initrd.gz"] else {
            throw InstallerError(
                "\(deb) has no \(directory)\(kernelName) and initrd.gz",
                hint: "it is not the package of an installer's images",
                cause: .badData)
        }
        return (kernel, initrd)
    }

    /// An index of packages, unpacked; nil where the suite has none.
    private func index(of component: String, _ chain: ArchiveChain) async throws -> [UInt8]? {
        for suffix in [".xz", ".gz"] {
            let path = "\(component)/binary-\(architecture)/Packages\(suffix)"
            guard let file = try await chain.file(path) else { continue }
            // bookworm's has 60 MB.
            return try CompressedFile.contents(of: file, limit: 512 << 20)
        }
        return nil
    }

    // MARK: Modules

    /// Whether the archive has the installer's modules for a kernel: it drops those of older kernels, and then an installation
    /// finds neither disks nor file systems. The driver for Xen's disks is in `scsi-modules`, of the priority that every
    /// installation loads.
    func hasModules(for kernel: String?, _ chain: ArchiveChain) async throws -> Bool? {
        guard let kernel, let index = try await index(of: "main/debian-installer", chain) else { return nil }
        return PackageStanza(named: "scsi-modules-\(kernel)-di", in: index) != nil
    }
}
