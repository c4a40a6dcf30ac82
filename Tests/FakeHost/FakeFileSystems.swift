import LinuxHost
import SystemPackage

/// The first bytes of disks, and the programs that make what is on them larger.
package enum FakeFileSystems {
    /// An ext4 of blocks of 4096 bytes.
    package static func ext4(size: Int64, uuid: String? = nil) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 2048)
        bytes[1024 + 0x18] = 2
        bytes[1024 + 0x38] = 0x53
        bytes[1024 + 0x39] = 0xEF
        bytes[1024 + 0x60] = 0x40
        set(UInt32(size / 4096), in: &bytes)
        if let uuid { bytes.replaceSubrange((1024 + 0x68)..<(1024 + 0x78), with: digits(uuid)) }
        return bytes
    }

    private static func digits(_ uuid: String) -> [UInt8] {
        let digits = uuid.filter { $0 != "-" }.map { UInt8($0.hexDigitValue ?? 0) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// What holds a new file system with nothing in it.
    static let empty = "made, and empty"

    /// A swap area.
    package static func swap(size: Int64, uuid: String? = nil) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        bytes.replaceSubrange(4086..<4096, with: Array("SWAPSPACE2".utf8))
        bytes.replaceSubrange(0x404..<0x408, with: little(UInt32(size / 4096 - 1)))
        bytes.replaceSubrange(0x40C..<0x41C, with: uuid.map(digits) ?? Array(1...16))
        return bytes
    }

    /// Puts such bytes into an image or on a volume, whose size stays.
    package static func put(_ bytes: [UInt8], on path: String, in tree: inout FakeTree) {
        guard let id = try? tree.find(path, followsLast: true), case .file(_, let size) = tree[id].body else {
            fatalError("there is no image \(path)")
        }
        tree[id].body = .file(bytes, size: size)
    }

    // MARK: What is in them

    /// The device that the helper mounts for a program.
    static func mounted(_ process: FakeProcess) -> String? {
        process.command.option("loop-mount")?.split(separator: ":").first.map(String.init)
    }

    /// Puts files into the file system on a device.
    package static func fill(_ device: String, isCutShort: Bool = false, in tree: inout FakeTree) {
        setNames(names(on: device, tree) + [isCutShort ? "half-a-system" : "bin"], on: device, in: &tree)
    }

    /// What is in its root directory: the names stand behind its superblock.
    package static func names(on device: String, _ tree: FakeTree) -> [String] {
        String(decoding: bytes(of: device, tree).dropFirst(2048), as: UTF8.self).split(separator: " ").map(String.init)
    }

    private static func setNames(_ names: [String], on device: String, in tree: inout FakeTree) {
        let text = Set(names).sorted().joined(separator: " ")
        put(Array(bytes(of: device, tree).prefix(2048)) + Array(text.utf8), on: device, in: &tree)
    }

    private static func bytes(of device: String, _ tree: FakeTree) -> [UInt8] {
        guard let id = try? tree.find(device, followsLast: true), case .file(let bytes, _) = tree[id].body else {
            return []
        }
        return bytes
    }

    static let programs: [String: FakeHost.Program] = [
        // ls -p
        "debugfs": { process in
            let device = process.command.arguments.last ?? ""
            process.output = "debugfs 1.47.0\n/2/040755/0/0/.//\n/2/040755/0/0/..//\n/11/040700/0/0/lost+found//\n"
            if process.command.arguments[1] == "ls -p /" {
                for name in names(on: device, process.tree) { process.output += "/12/040755/0/0/\(name)//\n" }
            } else {
                process.output = process.output.replacing("/11/040700/0/0/lost+found//\n", with: "")
            }
            return .exited(0)
        },
        // MOUNT-POINT ... -delete: all but a run's mark.
        "find": { process in
            guard let device = mounted(process), !process.isCutShort else { return .exited(1) }
            setNames(names(on: device, process.tree).filter { $0.hasPrefix(".domus-") }, on: device, in: &process.tree)
            return .exited(0)
        },
        "touch": { process in
            guard let device = mounted(process), !process.isCutShort else { return .exited(1) }
            let name = process.command.arguments[0].split(separator: "/").last.map(String.init) ?? ""
            setNames(names(on: device, process.tree) + [name], on: device, in: &process.tree)
            return .exited(0)
        },
        "ls": { process in
            guard let device = mounted(process) else { return .exited(1) }
            process.output = names(on: device, process.tree).joined(separator: "\n") + "\n"
            return .exited(0)
        },
        "rm": { process in
            guard let device = mounted(process), !process.isCutShort else { return .exited(1) }
            let name = process.command.arguments[1].split(separator: "/").last.map(String.init) ?? ""
            setNames(names(on: device, process.tree).filter { $0 != name }, on: device, in: &process.tree)
            return .exited(0)
        },
        "chattr": { _ in .exited(0) },
        "tune2fs": { process in
            let words = process.command.arguments
            if !process.isCutShort {
                process.fill(words[2], with: "\(process.tree.text(words[2]) ?? ""), now \(words[1])")
            }
            return .exited(0)
        },
        // As the real one, it finds what was left in the middle, and mends nothing of it.
        "e2fsck": { process in
            blocks(of: process.command.arguments.last ?? "", process.tree) == middle ? .exited(4) : .exited(0)
        },
        // -z UNDO IMAGE SECTORSs
        "resize2fs": { process in
            let words = process.command.arguments
            // A clone, to the end of its volume.
            if words.count == 1 {
                process.fill(words[0], with: "\(process.tree.text(words[0]) ?? ""), grown")
                return .exited(0)
            }
            let sectors = Int64(words[3].dropLast()) ?? 0
            process.write(
                "\(process.isCutShort ? "cut off" : "whole") \(blocks(of: words[2], process.tree))", to: words[1])
            change(words[2], to: process.isCutShort ? middle : UInt32(sectors / 8), &process.tree)
            return .exited(0)
        },
        // [-n] [-f] UNDO IMAGE; without -f it wants to see the end of what it takes back.
        "e2undo": { process in
            let words = process.command.arguments
            let (file, image) = (words[words.count - 2], words[words.count - 1])
            let parts = (process.tree.text(file) ?? "").split(separator: " ")
            guard !process.isCutShort, let blocks = parts.last.flatMap({ UInt32($0) }),
                words.contains("-f") || parts.first == "whole"
            else { return .exited(1) }
            if !words.contains("-n") { change(image, to: blocks, &process.tree) }
            return .exited(0)
        },
    ]

    /// What the superblock says amid a growth.
    private static let middle: UInt32 = 0xABCD

    private static func blocks(of path: String, _ tree: FakeTree) -> UInt32 {
        guard let id = try? tree.find(path, followsLast: true), case .file(let bytes, _) = tree[id].body else {
            return 0
        }
        guard bytes.count > 1024 + 8 else { return 0 }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[1024 + 4 + $1]) << UInt32(8 * $1) }
    }

    private static func change(_ path: String, to blocks: UInt32, _ tree: inout FakeTree) {
        guard let id = try? tree.find(path, followsLast: true), case .file(var bytes, let size) = tree[id].body else {
            fatalError("there is no image \(path)")
        }
        set(blocks, in: &bytes)
        tree[id].body = .file(bytes, size: size)
    }

    private static func set(_ blocks: UInt32, in bytes: inout [UInt8]) {
        bytes.replaceSubrange((1024 + 4)..<(1024 + 8), with: little(blocks))
    }

    private static func little(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
    }
}
