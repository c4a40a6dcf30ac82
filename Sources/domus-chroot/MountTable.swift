import Glibc

/// /proc/self/mountinfo, of which only the mount points matter here.
enum MountTable {
    /// Every mount point, in the order of mounting, twice where one hides another.
    static func points() throws(Failure) -> [String] {
        try contents(of: "/proc/self/mountinfo").split(separator: 10).compactMap { line in
            let fields = line.split(separator: 32)
            return fields.count > 4 ? unescaped(fields[4]) : nil
        }
    }

    /// The mount points strictly below a directory that are not below another of them: a copy of one of these takes
    /// along what is below it.
    static func points(below directory: String) throws(Failure) -> [String] {
        var found: [String] = []
        for path in try points().sorted(by: { $0.utf8.count < $1.utf8.count })
        where isBelow(path, directory) && !found.contains(where: { $0 == path || isBelow(path, $0) }) {
            found.append(path)
        }
        return found
    }

    static func isBelow(_ path: String, _ directory: String) -> Bool {
        directory == "/" ? path != "/" : path.hasPrefix(directory + "/")
    }

    /// The kernel writes space, tab, newline and backslash as three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let digits = field[(index + 1)...].prefix(3)
            if field[index] == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
                bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A file of /proc, whose size cannot be known before it is read.
func contents(of path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("read", path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw Failure("read", path) }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: buffer[..<count])
    }
}
