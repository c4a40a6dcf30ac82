import Archives
import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// What a root file system that is for no guest becomes.
package enum BootstrapTarget: Sendable, Equatable {
    case directory(FilePath)
    case archive(FilePath)
    /// An ext4 file system in a file, as large as it must be, or that large.
    case image(FilePath, size: ByteSize?)

    package var path: FilePath {
        switch self {
        case .directory(let path), .archive(let path), .image(let path, _): path
        }
    }

    /// By the suffix, as mmdebstrap(1) has it: `.tar` with a compression's, `.img`, `.ext4` or `.raw`; all else is a
    /// directory.
    ///
    /// - Throws: `ValueError` for a suffix of what mmdebstrap would make, and this does not.
    package init(path: FilePath, size: ByteSize?) throws(ValueError) {
        let name = path.lastComponent?.string ?? ""
        if ArchiveCompression(suffixOf: path) != nil {
            self = .archive(path)
        } else if [".img", ".ext4", ".raw"].contains(where: name.hasSuffix) {
            self = .image(path, size: size)
        } else {
            let others = [".squashfs", ".sqfs", ".ext2", ".ext3", ".tbz2", ".tlz", ".cpio"]
            guard !name.contains(".tar."), !others.contains(where: name.hasSuffix) else {
                throw ValueError(
                    "\"\(name)\" would be in a format that is not written here",
                    hint: "a directory, .tar, .tar.gz, .tar.xz, .tar.zst, or .img for a file system")
            }
            self = .directory(path)
        }
        if size != nil, case .image = self {
        } else if size != nil {
            throw ValueError("only a file system image has a size", hint: "give it a name that ends in .img")
        }
    }

    var summary: String {
        switch self {
        case .directory(let path): "Put the tree at \(path)"
        case .archive(let path): "Pack \(path)"
        case .image(let path, _): "Write the file system \(path)"
        }
    }
}
