import CLinux
import Glibc
import GuestModel
import Synchronization
import SystemPackage

/// A mount namespace of this process's own: what is mounted in it nobody else sees or keeps busy, and it is gone with the
/// last of its processes, whatever ends them. What the host mounts and unmounts shows in it as before.
package enum PrivateMounts {
    /// The namespace that the process came from, once it has left it.
    private static let origin = Mutex<Int32?>(nil)

    package static var areThere: Bool { origin.withLock { $0 != nil } }

    /// A path for nsenter(1), for programs that outlive this process: they would keep the namespace, and what is mounted in it.
    static var wayOut: String? { origin.withLock { $0.map { "/proc/\(getpid())/fd/\($0)" } } }

    /// Enters it, as the first thing that the process does: threads that are there already stay outside. Where the kernel
    /// does not give one all stays as it is, and ``FileChanging/mount(_:through:at:type:options:isReadOnly:)`` says so once it is asked.
    package static func enter() {
        let former = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard former >= 0 else { return }
        guard isSingleThreaded, clinux_unshare(CLINUX_CLONE_NEWNS) == 0,
            Glibc.mount(nil, "/", nil, UInt(MS_REC | MS_SLAVE), nil) == 0,
            // What is unmounted here must be gone for the programs that were started before, too: a copy of a mount that one
            // of them still has would go on to write, and keep the device.
            Glibc.mount(nil, "/", nil, UInt(MS_REC | MS_SHARED), nil) == 0
        else {
            close(former)
            return
        }
        origin.withLock { $0 = former }
    }

    private static var isSingleThreaded: Bool {
        guard let tasks = opendir("/proc/self/task") else { return false }
        defer { closedir(tasks) }
        var count = 0
        // "." and "..", and one for each thread.
        while readdir(tasks) != nil { count += 1 }
        return count == 3
    }
}

/// A loop device over an image; it goes with this, or with the mount that takes it over.
package final class ImageDevice: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Parameter descriptor: nil for one that is none, in tests.
    package init(descriptor: Int32?) { self.descriptor = Mutex(descriptor) }

    fileprivate func take() -> Int32? {
        descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
    }

    deinit { if let descriptor = take() { close(descriptor) } }
}

extension RealFileSystem {
    package var mountsPrivately: Bool { PrivateMounts.areThere }

    package var mountsImages: Bool { PrivateMounts.areThere && clinux_finds_loop() == 1 }

    package func createMountableImage(
        _ path: FilePath, size: ByteSize, allocated: Bool
    ) throws(HostError) -> ImageDevice {
        var device: ImageDevice?
        _ = try creating(path, mode: 0o600) { file in
            // While it is empty: nobody who hears of the new device can read of it what is written over later.
            let loop = clinux_attach_loop(file.rawValue, 0, 0)
            guard loop >= 0 else { throw HostError(cannot: "make a loop device over \(path)", Kernel.lastError) }
            device = ImageDevice(descriptor: loop)
            try Self.give(file, size, allocated: allocated)
        }
        guard let device else { preconditionFailure("it is made before the file is") }
        return device
    }

    package func mount(
        _ device: FilePath, through prepared: ImageDevice?, at directory: FilePath, type: String, options: String,
        isReadOnly: Bool
    ) throws(HostError) {
        guard PrivateMounts.areThere else {
            throw HostError(
                "cannot mount \(device): this host gives no mount namespace, without which a mount could be left behind",
                hint: "a container needs CAP_SYS_ADMIN for that")
        }
        let isImage = try entry(at: device)?.kind == .file
        var loop = prepared?.take()
        if prepared == nil, isImage { loop = try attachLoop(to: device, isReadOnly: isReadOnly) }
        // Once it is mounted, that alone keeps the loop device.
        defer { if let loop { close(loop) } }
        // It still has the size that the image had.
        if prepared != nil, let loop, clinux_fit_loop(loop) != 0 {
            throw HostError(cannot: "make the loop device of \(device) as large", Kernel.lastError)
        }
        let source = loop.map { "/proc/self/fd/\($0)" } ?? device.string
        guard Glibc.mount(source, directory.string, type, isReadOnly ? UInt(MS_RDONLY) : 0, options) == 0 else {
            throw HostError(cannot: "mount \(device) on \(directory)", Kernel.lastError)
        }
    }

    private func attachLoop(to image: FilePath, isReadOnly: Bool) throws(HostError) -> Int32 {
        let file = open(image.string, (isReadOnly ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw HostError(cannot: "open \(image)", Kernel.lastError) }
        defer { close(file) }
        let loop = clinux_attach_loop(file, 0, 0)
        guard loop >= 0 else { throw HostError(cannot: "make a loop device over \(image)", Kernel.lastError) }
        return loop
    }

    package func writeOut(_ path: FilePath) async throws(HostError) {
        do {
            try await WorkerThreads().run { _ in
                if try self.entry(at: path)?.kind == .file {
                    try self.synchronize(path)
                } else {
                    try Self.writeOut(path)
                }
            }
        } catch {
            throw error as? HostError ?? HostError(cannot: "write all of \(path) to its device", .ioError)
        }
    }

    package func trim(_ directory: FilePath) {
        let descriptor = open(directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        clinux_trim(descriptor)
    }

    package func unmount(_ directory: FilePath, whatWasWritten matters: Bool) throws(HostError) -> Bool {
        guard PrivateMounts.areThere else { return false }
        if matters { try Self.writeOut(directory) }
        var error = Errno(rawValue: 0)
        for _ in 0..<Self.patience {
            if umount2(directory.string, Int32(UMOUNT_NOFOLLOW)) == 0 { return true }
            error = Kernel.lastError
            // A program that is being started, for another guest, looks at all mounts for a moment.
            guard error == .resourceBusy else { break }
            usleep(10_000)
        }
        // Nothing is mounted there, or nothing is there.
        if error == .invalidArgument || error == .noSuchFileOrDirectory { return false }
        throw HostError(cannot: "unmount \(directory)", error)
    }

    /// Hundredths of a second that a mount may stay busy.
    private static let patience = 500

    /// What could not be written is told by this alone: unmounting loses it without a word.
    private static func writeOut(_ directory: FilePath) throws(HostError) {
        let descriptor = open(directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = Kernel.lastError
            if error == .noSuchFileOrDirectory || error == .notDirectory { return }
            throw HostError(cannot: "write all of \(directory) to its device", error)
        }
        defer { close(descriptor) }
        guard clinux_syncfs(descriptor) == 0 else {
            throw HostError(cannot: "write all of \(directory) to its device", Kernel.lastError)
        }
    }
}
