import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// What an installer's disc says of itself, in `.disk/info`:
/// `Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST with firmware 20240210-11:27`.
package struct DiscTitle: Sendable, Equatable {
    package let text: String
    /// `bookworm`; nil where the title has none.
    package let codename: String?

    /// - Throws: ``ArchiveError`` for what is no disc image.
    package init(of image: FilePath) throws(ArchiveError) { self.init(of: try DiscImage(path: image)) }

    init(of disc: borrowing DiscImage) {
        var line = ""
        // mini.iso has no more than a kernel and its initial RAM disk.
        for name in [".disk/info", ".disk/mini-info"] where line.isEmpty && disc.has(name) {
            let bytes = (try? disc.contents(of: [name], limit: 4096))?[name] ?? []
            let first =
                String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            line = String(first.unicodeScalars.filter { (32...126).contains($0.value) }.prefix(200).map(Character.init))
        }
        text = line.isEmpty ? "a disc \"\(disc.label)\"" : line
        let quoted = line.split(separator: "\"", omittingEmptySubsequences: false)
        codename = quoted.count >= 3 ? quoted[1].lowercased() : nil
    }
}

/// Images from an installer's disc image: a netinst CD, a DVD of one or several architectures, or `mini.iso`.
extension NetbootFetch {
    func fromDisc(_ path: FilePath, _ site: Site) async throws -> NetbootSet {
        let disc = try DiscImage(path: path)
        let title = DiscTitle(of: disc)
        if let codename = title.codename, codename != archive.suite {
            throw InstallerError(
                "\(path) is a disc of \(codename), not of \(archive.suite): \(title.text)",
                hint: "--dist=\(codename) takes it as that", cause: .usage)
        }
        guard let place = places.first(where: { disc.has($0.kernel) && disc.has($0.initrd) }) else {
            throw InstallerError(
                "\(path) has no installer's images for \(architecture)"
                    + (flavour.map { " of the flavour \($0.rawValue)" } ?? "") + ": \(title.text)",
                hint: "it may be a disc of another architecture (--arch)", cause: .noInput)
        }
        var files: [(file: FilePath, digest: String)] = []
        for (name, source) in [("kernel", place.kernel), ("initrd", place.initrd)] {
            let target = site.scratch.appending("disc-\(name)")
            _ = try site.host.files.createFile(target, contents: [], mode: 0o600)
            let descriptor = try FileDescriptor.open(target, .writeOnly, options: [.closeOnExec])
            defer { try? descriptor.close() }
            files.append((target, try disc.extract(source, to: descriptor, limit: 1 << 30).sha256))
        }
        let proof = try await prove(path, files.map(\.digest), site)
        var find = try described(
            kernel: files[0], initrd: files[1], flavour: place.flavour,
            source: .disc(path: path.string, title: title.text), nil, site)
        find.set.signer = proof?.signer
        find.set.released = proof?.made
        try site.store.keep(find, temporary: site.scratch.appending("set.json"))
        return find.set
    }

    /// Where discs have them, the best first.
    private var places: [(flavour: NetbootFlavour, kernel: String, initrd: String)] {
        let directory =
            switch architecture {
            case .amd64: "install.amd"
            case .i386: "install.386"
            case .arm64: "install.a64"
            case .armhf: "install.ahf"
            }
        let all: [(flavour: NetbootFlavour, kernel: String, initrd: String)] = [
            (.xen, "\(directory)/xen/vmlinuz", "\(directory)/xen/initrd.gz"),
            (.generic, "\(directory)/vmlinuz", "\(directory)/initrd.gz"),
            (.generic, "linux", "initrd.gz"),
        ]
        return all.filter { flavour == nil || $0.flavour == flavour }
    }

    /// What proves a disc's images: the signed list of discs, or, where they are those of the archive, the archive's own.
    ///
    /// - Returns: nil where the user said that nothing need prove them.
    private func prove(_ path: FilePath, _ digests: [String], _ site: Site) async throws -> Signature? {
        if let sums { return try await prove(path, by: sums, site) }
        if archive.isUnverified { return nil }
        let chain = try await open(site)
        for directory in Set(NetbootImages.candidates(of: archive.release, architecture, nil).map(\.directory)).sorted()
        {
            guard let file = try await chain.file("\(directory)/SHA256SUMS") else { continue }
            let text = String(decoding: try site.host.files.contents(of: file, limit: 16 << 20), as: UTF8.self)
            let listed = Set(try DigestList(text, file: "\(directory)/SHA256SUMS of \(archive.shown)").digests.values)
            if digests.allSatisfy(listed.contains) { return chain.signature }
            if listed.contains(try PlainDigest.sha256(of: path, on: site.host)) { return chain.signature }
        }
        throw InstallerError(
            "nothing proves \(path): its images are not among those that \(archive.shown) has now",
            hint:
                "--sums=SHA256SUMS, with SHA256SUMS.sign beside it, from where the disc came; --no-verify takes it as it is",
            cause: .badData)
    }

    private func prove(_ path: FilePath, by sums: FilePath, _ site: Site) async throws -> Signature? {
        let files = site.host.files
        let list = String(decoding: try files.contents(of: sums, limit: 4 << 20), as: UTF8.self)
        let digest = try PlainDigest.sha256(of: path, on: site.host)
        guard try DigestList(list, file: sums.string).digests.values.contains(digest) else {
            throw InstallerError(
                "\(path) is not in \(sums): its SHA-256 is \(digest.prefix(16))...",
                hint: "it is damaged, or of another version", cause: .badData)
        }
        if archive.isUnverified { return nil }
        let detached = FilePath("\(sums).sign")
        guard try files.entry(at: detached) != nil else {
            throw InstallerError(
                "\(sums) bears no signature: there is no \(detached)",
                hint: "it lies beside the list where the disc came from; --no-verify takes what nothing proves",
                cause: .noInput)
        }
        return try await ArchiveChain.verify([detached, sums], of: sums.string, archive, output: nil, site.host)
    }
}
