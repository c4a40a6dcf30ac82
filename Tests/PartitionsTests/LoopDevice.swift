import Foundation
import Glibc
import SystemPackage
import Testing

/// A loop device on an image, detached with the test.
final class LoopDevice {
    let path: FilePath
    private var isAttached = true

    static let isPossible = geteuid() == 0 && access("/dev/loop-control", W_OK) == 0
    static let needed: Comment = "needs root and loop devices"

    init(_ image: Image) throws {
        path = FilePath(try Self.losetup("--find", "--show", image.path.string))
    }

    deinit {
        try? detach()
    }

    func detach() throws {
        guard isAttached else { return }
        isAttached = false
        _ = try Self.losetup("--detach", path.string)
    }

    private static func losetup(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/sbin/losetup")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Errno(rawValue: ENODEV) }
        return output.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
}
