import SystemPackage

extension DiscImage {
    /// As many as the kernel follows (path_resolution(7)).
    private static let mostLinks = 40

    /// Whether there is something of that name, behind all links.
    package func has(_ name: String) -> Bool {
        (try? entry(name)) != nil
    }

    /// What has that name, behind all links: Debian's discs have `dists/stable` for the release's directory, and `debian`
    /// for the root.
    ///
    /// - Throws: `missing`; `unsafe` for a link that leads out of the image, which an absolute one does wherever it is
    ///   mounted.
    package func entry(_ name: String) throws(ArchiveError) -> ArchiveEntry {
        var parts = Array(FilePath(name).components.reversed())
        var path = FilePath()
        var found: ArchiveEntry?
        var links = 0
        guard !name.utf8.contains(0), !name.hasPrefix("/") else { throw missing(name) }
        while let part = parts.popLast() {
            switch part.kind {
            case .currentDirectory: continue
            case .parentDirectory:
                guard path.removeLastComponent() else {
                    throw ArchiveError(
                        .unsafe, "refused \(printable(Array(name.utf8))) of disc image \(self.name): it leads out of it"
                    )
                }
                found = index[path].map { entries[$0] }
                continue
            case .regular: break
            }
            // Only the root and directories have anything in them.
            guard path.isEmpty || found?.kind == .directory else { throw missing(name) }
            guard let number = index[path.appending(part)] else { throw missing(name) }
            switch entries[number].kind {
            case .symbolicLink(let target):
                links += 1
                guard links <= Self.mostLinks else {
                    throw ArchiveError(
                        .damaged,
                        "could not read \(printable(Array(name.utf8))) of disc image \(self.name): more than "
                            + "\(Self.mostLinks) links lead to it")
                }
                guard !target.isAbsolute else {
                    throw ArchiveError(
                        .unsafe,
                        "refused \(printable(Array(name.utf8))) of disc image \(self.name): it is a link to "
                            + "\(printable(target)), out of it")
                }
                parts.append(contentsOf: target.components.reversed())
            case .hardLink(let target):
                // libarchive names the first one of those that share a content, which is a file.
                guard let first = index[target], entries[first].kind == .file else { throw missing(name) }
                path = target
                found = entries[first]
            default:
                path.append(part)
                found = entries[number]
            }
        }
        guard let found else { throw missing(name) }
        return found
    }
}
