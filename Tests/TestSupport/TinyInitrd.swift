import SystemPackage

/// A small initial RAM disk: a cpio archive in the new format (cpio(5)), packed with gzip.
package enum TinyInitrd {
    /// - Parameter files: by their paths; the directories that lead to them are made.
    package static func make(_ files: [String: String] = ["init": "#!/bin/sh\n"], in directory: FilePath) async throws
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        var number = 0
        func add(_ path: String, mode: Int, _ contents: [UInt8]) {
            number += 1
            let name = Array(path.utf8) + [0]
            let fields = [number, mode, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, name.count, 0]
            bytes += Array("070701".utf8)
            for field in fields {
                let digits = String(field, radix: 16)
                bytes += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
            }
            for part in [name, contents] {
                bytes += part
                bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
            }
        }
        var made: Set<String> = []
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/")
            for count in 1..<max(parts.count, 1) where made.insert(parts.prefix(count).joined(separator: "/")).inserted
            {
                add(parts.prefix(count).joined(separator: "/"), mode: 0o040755, [])
            }
            add(path, mode: 0o100755, Array(text.utf8))
        }
        add("TRAILER!!!", mode: 0, [])
        let file = directory.appending("tiny-initrd")
        try writeFile(file, bytes)
        try await run("gzip", ["-9", "-n", "-f", file.string]).orThrow()
        return try readFile(FilePath("\(file).gz"))
    }
}
