import SystemPackage

/// Encodes entries as a POSIX ustar archive with numeric owners: root's files without being root, and entries that no
/// honest program would write (`../outside`), in the given order.
struct TarWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ entry: TreeEntry) throws {
        var data: [UInt8] = []
        var type: Character = "0"
        var target = ""
        var device: (major: UInt32, minor: UInt32) = (0, 0)
        var path = entry.path
        switch entry.content {
        case .directory:
            type = "5"
            path += "/"
        case .file(let bytes): data = bytes
        case .copy(let source): data = try readFile(source)
        case .link(let to):
            type = "2"
            target = to
        case .characterDevice(let major, let minor):
            type = "3"
            device = (major, minor)
        case .hardLink(let to):
            type = "1"
            target = to
        case .fifo: type = "6"
        }
        // What does not fit its field goes ahead of it as an entry of its own: the GNU extension.
        if path.utf8.count > 100 { appendLongName(path, type: "L") }
        if target.utf8.count > 100 { appendLongName(target, type: "K") }
        bytes += Self.header(
            path: path,
            type: type,
            mode: entry.mode,
            owner: entry.owner,
            group: entry.group,
            size: data.count,
            target: target,
            device: device
        )
        appendPadded(data)
    }

    mutating func finish() {
        bytes += [UInt8](repeating: 0, count: 1024)
    }

    private mutating func appendLongName(_ name: String, type: Character) {
        let data = Array(name.utf8) + [0]
        bytes += Self.header(path: "././@LongLink", type: type, mode: 0o644, size: data.count)
        appendPadded(data)
    }

    private mutating func appendPadded(_ data: [UInt8]) {
        bytes += data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    private static func header(
        path: String,
        type: Character,
        mode: UInt32,
        owner: UInt32 = 0,
        group: UInt32 = 0,
        size: Int,
        target: String = "",
        device: (major: UInt32, minor: UInt32) = (0, 0)
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
        }
        func put(_ number: some BinaryInteger, digits: Int, at offset: Int) {
            let text = String(number, radix: 8)
            put(String(repeating: "0", count: digits - text.count) + text, at: offset)
        }
        put(String(decoding: path.utf8.prefix(100), as: UTF8.self), at: 0)
        put(mode, digits: 7, at: 100)
        put(owner, digits: 7, at: 108)
        put(group, digits: 7, at: 116)
        put(size, digits: 11, at: 124)
        put(1_700_000_000, digits: 11, at: 136)
        put(String(repeating: " ", count: 8), at: 148)
        put(String(type), at: 156)
        put(String(decoding: target.utf8.prefix(100), as: UTF8.self), at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(device.major, digits: 7, at: 329)
        put(device.minor, digits: 7, at: 337)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(sum, digits: 6, at: 148)
        header[154] = 0
        return header
    }
}
