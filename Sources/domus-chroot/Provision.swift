import CLinux
import Glibc

/// Files shown at host paths that need not exist: scripts written for another tool read its library where that tool
/// would have installed it.
///
/// Where the path exists the file is bound over it. Where it does not, the nearest directory that does exist is
/// covered by an overlay of itself and a stage with the missing names; the overlay has no upper directory, so nothing
/// can be written to it, and what is mounted below that directory is put back on top.
struct Provision {
    private let files: [(destination: String, mount: Mount)]

    /// Takes hold of the sources, before anything may cover them.
    init(_ provided: [Options.Binding]) throws(Failure) {
        var files: [(destination: String, mount: Mount)] = []
        for file in provided {
            var information = stat()
            guard stat(file.source, &information) == 0 else { throw Failure("provide", file.source) }
            guard information.st_mode & S_IFMT == S_IFREG else {
                throw Failure("provide", "\(file.source): it is not a file", code: 0)
            }
            files.append((file.destination, try Mount.copy(of: file.source)))
        }
        self.files = files
    }

    func carryOut() throws(Failure) {
        // One overlay per directory, not one per file: overlays stack only two deep.
        var missing: [String: [[String]]] = [:]
        for file in files where access(file.destination, F_OK) != 0 {
            let (ancestor, rest) = try nearestAncestor(of: file.destination)
            missing[ancestor, default: []].append(rest)
        }
        for (ancestor, paths) in missing.sorted(by: { $0.key.utf8.count < $1.key.utf8.count }) {
            try cover(ancestor, with: paths)
        }
        for file in files {
            try file.mount.attach(at: file.destination)
            try file.mount.makeReadOnly(path: file.destination)
        }
    }

    /// The deepest directory of the path that exists, links resolved, and the names that are missing below it.
    private func nearestAncestor(of destination: String) throws(Failure) -> (path: String, rest: [String]) {
        var names = destination.split(separator: "/").map(String.init)
        guard !names.contains(".."), !names.contains(".") else {
            throw Failure("provide", "\(destination): \".\" or \"..\" in it", code: 0)
        }
        var rest: [String] = []
        while let last = names.popLast() {
            rest.insert(last, at: 0)
            guard let resolved = realpath("/" + names.joined(separator: "/"), nil) else { continue }
            defer { free(resolved) }
            let ancestor = String(cString: resolved)
            guard ancestor != "/" else {
                throw Failure("provide", "\(destination): / itself cannot be covered by an overlay", code: 0)
            }
            return (ancestor, rest)
        }
        throw Failure("provide", destination, code: ENOENT)
    }

    private func cover(_ ancestor: String, with paths: [[String]]) throws(Failure) {
        var kept: [(path: String, mount: Mount)] = []
        for path in try MountTable.points(below: ancestor) {
            do {
                kept.append((path, try Mount.copy(of: path)))
            } catch  where [ENOENT, EINVAL].contains(error.code) {
                continue  // another mount hides it already
            }
        }
        let original = open(ancestor, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard original >= 0 else { throw Failure("provide below", ancestor) }

        // The stage needs a place in the namespace, else the kernel takes it for no lower directory: right here, where
        // the overlay hides it at once.
        let stage = try Mount.new("tmpfs", [("mode", "0755"), ("size", "1m")])
        try stage.attach(to: original, path: ancestor)
        for path in paths { try makeEmptyFile(path, in: stage, below: ancestor) }
        let lower = "/proc/self/fd/\(stage.descriptor):/proc/self/fd/\(original)"
        let overlay: Mount
        do {
            overlay = try Mount.new("overlay", [("lowerdir", lower)], attributes: CLINUX_MOUNT_ATTR_RDONLY)
        } catch {
            throw Failure("cover with an overlay, to provide files below,", ancestor, code: error.code)
        }
        try overlay.attach(at: ancestor)
        for (path, mount) in kept { try mount.attach(at: path) }
    }

    private func makeEmptyFile(_ names: [String], in stage: Mount, below ancestor: String) throws(Failure) {
        let shown = "\(ancestor)/\(names.joined(separator: "/"))"
        var directory = stage.descriptor
        for name in names.dropLast() {
            guard mkdirat(directory, name, 0o755) == 0 || errno == EEXIST else { throw Failure("provide", shown) }
            directory = openat(directory, name, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { throw Failure("provide", shown) }
        }
        let file = openat(directory, names.last ?? "", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Failure("provide", shown) }
        close(file)
    }
}
