import GuestModel
import LinuxHost
import SystemPackage
import TestSupport
import Testing

/// What an image holds, and copies of it.
@Suite("Image digests and copies")
struct ImageDigestTests {
    private let files = RealFileSystem()
    private static let mebibyte: Int64 = 1 << 20

    /// An image with data at some places.
    private func image(
        _ name: String, _ size: Int64, in directory: FilePath, allocated: Bool = false, data: [Int64: [UInt8]]
    ) throws -> FilePath {
        let path = directory.appending(name)
        _ = try files.createImage(path, size: ByteSize(bytes: size), allocated: allocated)
        for (offset, bytes) in data { try files.overwrite(path, at: offset, with: bytes) }
        return path
    }

    private static let data: [Int64: [UInt8]] = [
        0: Array("superblock".utf8), 3 * mebibyte - 5: Array("over an edge".utf8), 7 * mebibyte + 100: [1],
    ]
    private static let size = 9 * mebibyte + 4096

    /// By sha256sum(1), as domus-base(8) describes it.
    private func expected(_ path: FilePath) async throws -> String {
        let script = """
            size=$(stat -c %s "$1"); at=0
            while [ "$at" -lt "$size" ]; do
                dd if="$1" bs=1M skip=$((at / 1048576)) count=1 status=none | sha256sum |
                    perl -ne 'print pack "H64", $_'
                at=$((at + 1048576))
            done | sha256sum | cut -d' ' -f1
            """
        return try await run("sh", ["-c", script, "-", path.string]).standardOutput
    }

    @Test("the digest is the SHA-256 of those of all mebibytes, wherever the holes are")
    func digest() async throws {
        try await withTemporaryDirectory { directory in
            let sparse = try image("a", Self.size, in: directory, data: Self.data)
            let full = try image("b", Self.size, in: directory, allocated: true, data: Self.data)
            let digest = try await files.digest(ofImage: sparse)
            #expect(try await expected(sparse) == "\(digest.text)\n")
            #expect(try await files.digest(ofImage: full) == digest)
            // Each bit counts, and each zero.
            for (offset, byte) in [(Int64(0), UInt8(0)), (5 * Self.mebibyte, 1), (Self.size - 1, 128)] {
                var data = Self.data
                data[offset] = [byte]
                let other = try image("c\(offset)", Self.size, in: directory, data: data)
                #expect(try await files.digest(ofImage: other) != digest, "\(offset)")
            }
            let longer = try image("d", Self.size + 1, in: directory, data: Self.data)
            #expect(try await files.digest(ofImage: longer) != digest)
        }
    }

    @Test("a copy has the same bytes and holes, what is behind it stays zeros, and the digest is the source's")
    func copy() async throws {
        try await withTemporaryDirectory { directory in
            let source = try image("a", Self.size, in: directory, data: Self.data)
            for (allocated, bypasses) in [(false, false), (true, false), (false, true), (true, true)] {
                let target = directory.appending("copy-\(allocated)-\(bypasses)")
                _ = try files.createImage(target, size: ByteSize(bytes: 2 * Self.size), allocated: allocated)
                let digest = try await files.copyImage(
                    source, to: target, shares: !allocated, digests: true, bypassesCache: bypasses)
                #expect(try await digest == files.digest(ofImage: source))
                let entry = try #require(try files.entry(at: target))
                #expect(entry.size == 2 * Self.size)
                #expect(allocated ? entry.allocated >= entry.size : entry.allocated <= 64 << 10)
                for offset in stride(from: Int64(0), to: 2 * Self.size, by: Int(Self.mebibyte)) {
                    let wanted = try offset < Self.size ? files.bytes(of: source, at: offset, count: 1 << 20) : []
                    let found = try files.bytes(of: target, at: offset, count: 1 << 20)
                    #expect(found.starts(with: wanted) && found.dropFirst(wanted.count).allSatisfy { $0 == 0 })
                }
                #expect(
                    try await files.copyImage(
                        source, to: target, shares: !allocated, digests: false, bypassesCache: bypasses) == nil)
            }
        }
    }

    @Test("an interrupted one ends, and says so")
    func interrupted() async throws {
        try await withTemporaryDirectory { directory in
            let source = try image("a", 64 * Self.mebibyte, in: directory, allocated: true, data: Self.data)
            let files = files
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await files.digest(ofImage: source)
            }
            let error = await #expect(throws: HostError.self) { try await task.value }
            #expect(error?.message == "the run was interrupted")
        }
    }
}
