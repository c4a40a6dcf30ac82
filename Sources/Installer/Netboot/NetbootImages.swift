import GuestModel

/// Which of an archive's images of the installer.
package enum NetbootFlavour: String, Codable, Sendable, Hashable, CaseIterable {
    /// Made for Xen: its initial RAM disk has Xen's drivers for disks and networks. Debian has it for amd64 and i386.
    case xen
    /// For every machine: Debian's has Xen's driver for networks, and loads the one for disks from the archive, which must
    /// still have the modules of the same kernel.
    case generic
}

/// A kernel and its initial RAM disk, as an archive names them.
package struct NetbootImages: Sendable, Equatable {
    package let flavour: NetbootFlavour
    /// Below `dists/SUITE/`; the digests in its `SHA256SUMS` are of paths below it.
    package let directory: String
    /// Below that directory.
    package let kernel: String
    package let initrd: String

    package var sums: String { "\(directory)/SHA256SUMS" }

    /// What the generic kernel's file is called.
    static func kernelName(_ architecture: Architecture) -> String { architecture == .armhf ? "vmlinuz" : "linux" }

    /// All that an archive could have, the best first.
    package static func candidates(
        of release: Release, _ architecture: Architecture, _ flavour: NetbootFlavour?
    ) -> [NetbootImages] {
        let installer = "main/installer-\(architecture)/current"
        // Ubuntu's last one moved there (focal).
        let directories = release.distribution == .debian ? ["images"] : ["images", "legacy-images"]
        let flavours = flavour.map { [$0] } ?? NetbootFlavour.allCases
        return flavours.flatMap { flavour in
            directories.map { name in
                switch flavour {
                case .xen:
                    NetbootImages(
                        flavour: .xen, directory: "\(installer)/\(name)", kernel: "netboot/xen/vmlinuz",
                        initrd: "netboot/xen/initrd.gz")
                // They are beside each other there, for machines that load them each by its name.
                case .generic where architecture == .armhf:
                    NetbootImages(
                        flavour: .generic, directory: "\(installer)/\(name)",
                        kernel: "netboot/\(kernelName(architecture))", initrd: "netboot/initrd.gz")
                case .generic:
                    NetbootImages(
                        flavour: .generic, directory: "\(installer)/\(name)",
                        kernel: "netboot/\(release.distribution)-installer/\(architecture)/linux",
                        initrd: "netboot/\(release.distribution)-installer/\(architecture)/initrd.gz")
                }
            }
        }
    }
}

/// The digests that sha256sum(1) prints: `DIGEST  ./PATH`.
package struct DigestList: Sendable, Equatable {
    /// By paths without `./`.
    package let digests: [String: String]

    /// - Throws: ``InstallerError`` for what is no such list.
    package init(_ text: String, file: String) throws(InstallerError) {
        var digests: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let space = line.firstIndex(of: " "), ReleaseFile.isDigest(line[..<space]) else {
                throw InstallerError("\(file): a line is no digest and path", cause: .badData)
            }
            // The second character in between is a blank, or a star for binary files.
            var path = line[space...].dropFirst(2)
            if path.hasPrefix("./") { path = path.dropFirst(2) }
            digests[String(path)] = line[..<space].lowercased()
        }
        guard !digests.isEmpty else { throw InstallerError("\(file) is empty", cause: .badData) }
        self.digests = digests
    }
}
