import CLinux
import Crypto
import Dispatch
import Glibc
import GuestModel
import Synchronization
import SystemPackage

/// What an image holds, in one number: whether it is the same, to the last bit, as it was.
///
/// SHA-256 over the SHA-256 of each mebibyte, the last one as long as it is: so all cores can work at it, and what is a hole,
/// or zeros, takes no time. It does not depend on where the holes are.
package struct ImageDigest: Hashable, Sendable, Codable {
    /// 64 hexadecimal digits.
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Reads an image once, by all cores: for its digest, for a copy, or for both.
final class ImageReading: Sendable {
    private let source: FileDescriptor
    private let target: Target?
    private let digests: Bool
    private let size: Int64
    private let isCancelled: @Sendable () -> Bool
    private let state: Mutex<State>

    /// Where a copy goes.
    struct Target {
        var file: FileDescriptor
        /// The same file, past the page cache (O_DIRECT, open(2)); nil where its file system cannot.
        var direct: FileDescriptor?
        /// What has the disk begin; nil where nothing is to be waiting for it.
        var writer: BackgroundWriter?
    }

    private struct State {
        /// Which parts have data, and are still to be read.
        var waiting: [Int]
        /// Of each part; nil is that of zeros.
        var found: [[UInt8]?]
        var failure: (any Error)?
        /// Whether the disk takes what does not go through the page cache.
        var isDirect: Bool
    }

    private static let part: Int64 = 1 << 20
    /// Parts that go to the disk together.
    private static let stretch = 16
    /// What O_DIRECT wants addresses, offsets and lengths to be a multiple of, on any disk there is.
    private static let block = 4096

    /// - Parameter target: at least as large, and all zeros.
    init(
        _ source: FileDescriptor, to target: Target?, digests: Bool, isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        self.source = source
        self.target = target
        self.digests = digests
        self.isCancelled = isCancelled
        size = try source.seek(offset: 0, from: .end)
        let count = Int((size + Self.part - 1) / Self.part)
        state = Mutex(
            State(
                waiting: try Self.partsWithData(of: source, size).reversed(),
                found: Array(repeating: nil, count: count), isDirect: target?.direct != nil))
    }

    /// - Throws: `Errno`, `CancellationError`.
    func run() throws -> ImageDigest? {
        // What is only copied through the page cache is written by one at a time anyway: to a file, Linux lets nobody else write
        // meanwhile, and who waits does so in a loop.
        let isOneEnough = target != nil && target?.direct == nil && !digests
        let workers = isOneEnough ? 1 : min(RealSystemFacts().processorCount, 8)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
        let (found, failure) = state.withLock { ($0.found, $0.failure) }
        if let failure { throw failure }
        return digests ? combined(found) : nil
    }

    private func combined(_ found: [[UInt8]?]) -> ImageDigest {
        var hash = SHA256()
        let zeros = Self.digest(ofZeros: Int(Self.part))
        for (number, digest) in found.enumerated() {
            let length = Int(min(Self.part, size - Int64(number) * Self.part))
            hash.update(data: digest ?? (length == Self.part ? zeros : Self.digest(ofZeros: length)))
        }
        return ImageDigest(hash.finalize().hexadecimal)
    }

    private static func digest(ofZeros count: Int) -> [UInt8] {
        Array(SHA256.hash(data: [UInt8](repeating: 0, count: count)))
    }

    private func work() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(Self.part), alignment: Self.block)
        defer { buffer.deallocate() }
        do {
            while let number = state.withLock({ $0.failure == nil ? $0.waiting.popLast() : nil }) {
                if isCancelled() { throw CancellationError() }
                let digest = try read(number, buffer)
                state.withLock { $0.found[number] = digest }
                beginWriting(upTo: number)
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    private func beginWriting(upTo number: Int) {
        guard let writer = target?.writer, (number + 1) % Self.stretch == 0 else { return }
        let length = Int64(Self.stretch) * Self.part
        writer.begin(at: Int64(number + 1) * Self.part - length, length)
    }

    private func read(_ number: Int, _ buffer: UnsafeMutableRawBufferPointer) throws -> [UInt8]? {
        let start = Int64(number) * Self.part
        let length = Int(min(Self.part, size - start))
        var filled = 0
        while filled < length {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<length])
            let count = try source.read(fromAbsoluteOffset: start + Int64(filled), into: rest)
            // Somebody has cut it off meanwhile.
            guard count > 0 else { throw Errno.ioError }
            filled += count
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
        if let target { try write(bytes, to: target, at: start) }
        guard digests else { return nil }
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return Array(hash.finalize())
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to target: Target, at start: Int64) throws {
        if let direct = target.direct, bytes.count % Self.block == 0, state.withLock({ $0.isDirect }) {
            do {
                return try Self.writeData(of: bytes, to: direct, at: start)
            } catch Errno.invalidArgument {
                // It could be opened so, and cannot be written so.
                state.withLock { $0.isDirect = false }
            }
        }
        try Self.writeData(of: bytes, to: target.file, at: start)
    }

    /// Writes what is not zeros, in runs of whole blocks.
    private static func writeData(
        of bytes: UnsafeRawBufferPointer, to target: FileDescriptor, at start: Int64
    ) throws {
        var runStart: Int?
        var offset = 0
        func flush(_ end: Int) throws {
            guard let begin = runStart else { return }
            runStart = nil
            _ = try target.writeAll(
                toAbsoluteOffset: start + Int64(begin), UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))
        }
        while offset < bytes.count {
            let end = min(offset + block, bytes.count)
            if isZero(UnsafeRawBufferPointer(rebasing: bytes[offset..<end])) {
                try flush(offset)
            } else if runStart == nil {
                runStart = offset
            }
            offset = end
        }
        try flush(bytes.count)
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
        // Each byte is the one before it, and the first is zero.
        return memcmp(base, base + 1, bytes.count - 1) == 0
    }

    /// Parts that are not holes as a whole.
    private static func partsWithData(of file: FileDescriptor, _ size: Int64) throws(Errno) -> [Int] {
        var parts: [Int] = []
        var position: Int64 = 0
        while position < size {
            let data = Int64(lseek(file.rawValue, off_t(position), CLINUX_SEEK_DATA))
            if data < 0 {
                guard Kernel.lastError == .noSuchAddressOrDevice else {
                    // What knows no holes, a block device, has data everywhere.
                    guard Kernel.lastError == .invalidArgument else { throw Kernel.lastError }
                    return Array(0..<Int((size + part - 1) / part))
                }
                return parts
            }
            var hole = Int64(lseek(file.rawValue, off_t(data), CLINUX_SEEK_HOLE))
            if hole < 0 { hole = size }
            let first = max(Int(data / part), (parts.last ?? -1) + 1)
            let last = Int((hole - 1) / part)
            if first <= last { parts += first...last }
            position = max(hole, Int64(last + 1) * part)
        }
        return parts
    }
}

/// Has the disk work while the rest of a file is being written: else it begins only where the writing ends. What is given to it
/// waits, where the disk's queue is full, in the place of who writes.
final class BackgroundWriter: Sendable {
    private let file: FileDescriptor
    private let queue = DispatchQueue(label: "write to the disk")

    /// - Returns: nil where no more files can be opened: nothing but time is lost.
    init?(_ file: FileDescriptor) {
        let copy = fcntl(file.rawValue, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        self.file = FileDescriptor(rawValue: copy)
    }

    deinit { try? file.close() }

    /// - Parameter length: bytes; 0 for all there are.
    func begin(at offset: Int64, _ length: Int64) {
        queue.async { clinux_begin_writing(self.file.rawValue, offset, length) }
    }
}

extension RealFileSystem {
    package func digest(ofImage path: FilePath) async throws(HostError) -> ImageDigest {
        let digest = try await read(
            path, to: nil, shares: false, digests: true, bypassesCache: false, doing: "read \(path)")
        guard let digest else { preconditionFailure("it was asked for") }
        return digest
    }

    package func copyImage(
        _ source: FilePath, to target: FilePath, shares: Bool, digests: Bool, bypassesCache: Bool
    ) async throws(HostError) -> ImageDigest? {
        try await read(
            source, to: target, shares: shares, digests: digests, bypassesCache: bypassesCache,
            doing: "copy \(source) to \(target)")
    }

    private func read(
        _ source: FilePath, to target: FilePath?, shares: Bool, digests: Bool, bypassesCache: Bool,
        doing action: String
    ) async throws(HostError) -> ImageDigest? {
        do {
            return try await WorkerThreads().run { flag -> ImageDigest? in
                let input = try FileDescriptor.open(source, .readOnly, options: .closeOnExec)
                defer { try? input.close() }
                guard let target else {
                    return try ImageReading(input, to: nil, digests: digests) { flag.isSet }.run()
                }
                let output = try FileDescriptor.open(target, .readWrite, options: .closeOnExec)
                defer { try? output.close() }
                let size = try output.seek(offset: 0, from: .end)
                let isShared = shares && clinux_clone_file(output.rawValue, input.rawValue) == 0
                // That gives it the length of the other.
                if isShared, ftruncate(output.rawValue, off_t(size)) != 0 { throw Kernel.lastError }
                guard !isShared || digests else { return nil }
                guard !isShared else { return try ImageReading(input, to: nil, digests: digests) { flag.isSet }.run() }
                let direct = bypassesCache ? Kernel.openDirectly(target) : nil
                defer { try? direct?.close() }
                let writer = BackgroundWriter(output)
                let destination = ImageReading.Target(
                    file: output, direct: direct, writer: direct == nil ? writer : nil)
                let digest = try ImageReading(input, to: destination, digests: digests) { flag.isSet }.run()
                writer?.begin(at: 0, 0)
                return digest
            }
        } catch is CancellationError {
            throw HostError("the run was interrupted")
        } catch {
            throw HostError(cannot: action, error as? Errno ?? .ioError)
        }
    }
}
