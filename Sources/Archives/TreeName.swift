import Glibc
import SystemPackage

/// Names below a tree's root, as bytes without a slash at the beginning: what the kernel takes, and no encoding.
enum TreeName {
    /// The directory, empty for the root, and the last part.
    static func split(_ name: [UInt8]) -> (directory: [UInt8], leaf: [UInt8]) {
        guard let slash = name.lastIndex(of: UInt8(ascii: "/")) else { return ([], name) }
        return (Array(name[..<slash]), Array(name[(slash + 1)...]))
    }

    static func cString(_ name: some Sequence<UInt8>) -> [CChar] { name.map(CChar.init(bitPattern:)) + [0] }

    /// The names in an open directory, in the order of their bytes; nil when it cannot be read (then errno says why).
    static func all(in directory: Int32) -> [[UInt8]]? {
        let listing = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listing >= 0 else { return nil }
        guard let stream = fdopendir(listing) else {
            close(listing)
            return nil
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let leaf = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { bytes(of: $0) ?? [] }
            }
            if leaf != Array(".".utf8), leaf != Array("..".utf8) { names.append(leaf) }
        }
        return errno == 0 ? names.sorted { $0.lexicographicallyPrecedes($1) } : nil
    }
}

extension ArchiveError {
    /// What could not be done, for the reason of the system call that has just failed.
    static func afterCall(_ sentence: (_ reason: String) -> String) -> ArchiveError {
        let code = errno
        let isFull = code == ENOSPC || code == EDQUOT
        return ArchiveError(
            isFull ? .noSpace : .cannotExtract, sentence("\(Errno(rawValue: code))"),
            hint: isFull ? "make room, or give a larger size" : nil)
    }
}
