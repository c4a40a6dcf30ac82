import Archives
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite("A full disk")
struct FullDiskTests {
    static let needed: Comment = "needs root and a kernel that lets it mount a tmpfs in a namespace of its own"

    @Test("is an error that says so, and nothing is half reported", .enabled(if: isRoot && canMount, needed))
    func full() throws {
        let scratch = try Scratch()
        let root = try scratch.directory("root")
        let archive = try pack(
            [(ArchiveEntry(path: "small"), "x"), (ArchiveEntry(path: "big"), String(repeating: "x", count: 4 << 20))],
            to: scratch.path.appending("x.tar.gz")
        )
        let error = inPrivateNamespace { () -> ArchiveError? in
            guard mount("tmpfs", root.string, "tmpfs", 0, "size=1m") == 0 else { return nil }
            do throws(ArchiveError) {
                try extract(archive: archive, into: root)
                return nil
            } catch {
                return error
            }
        }
        #expect(error?.kind == .noSpace)
        #expect(error?.message.contains("entry \"big\"") == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("No space left on device") == true)
        #expect(error?.hint == "make room, or give a larger size")
    }
}

private let canMount = inPrivateNamespace { mount("tmpfs", "/mnt", "tmpfs", 0, "size=1m") == 0 } ?? false

/// Runs the work on a thread of its own, whose mounts nobody else sees and which go with it; nil if that cannot be had.
private func inPrivateNamespace<Value: Sendable>(_ work: @escaping @Sendable () -> Value?) -> Value? {
    // unshare(2) is not in the Glibc module.
    typealias Unshare = @convention(c) (Int32) -> Int32
    guard let symbol = dlsym(nil, "unshare") else { return nil }
    let unshare = unsafeBitCast(symbol, to: Unshare.self)
    let box = Box<Value>()
    let done = DispatchSemaphore(value: 0)
    Thread {
        let newMounts: Int32 = 0x0002_0000  // CLONE_NEWNS
        if unshare(newMounts) == 0, mount(nil, "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0 {
            box.value = work()
        }
        done.signal()
    }.start()
    done.wait()
    return box.value
}

/// Written by the thread, and read only after it has signalled that it is done.
private final class Box<Value>: @unchecked Sendable {
    var value: Value?
}
