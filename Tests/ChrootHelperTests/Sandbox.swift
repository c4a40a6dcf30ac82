import CLinux
import Foundation
import Testing

/// A directory of its own below /tmp with a guest's tree in it, removed at the end.
final class Sandbox {
    /// Everything of this test.
    let path: String
    /// The guest's tree: busybox, and the directories of a base system.
    var tree: String { "\(path)/tree" }

    private static let programs = [
        "cat", "chmod", "echo", "env", "false", "grep", "id", "kill", "ls", "mkdir", "mount", "pwd", "readlink", "rm",
        "setsid",
        "sh", "sleep", "stat", "touch", "true", "wc",
    ]

    init() throws {
        var template = Array("/tmp/domus-chroot-test.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw HelperProcess.Failure(text: "cannot make a directory") }
        path = String(cString: made)
        for directory in ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp"] {
            try make(directory: "tree/\(directory)")
        }
        // By another process: were it open for writing here, a program started meanwhile by another test would inherit
        // it for a moment, and nobody could execute it ("text file busy").
        _ = try HelperProcess(line: ["cp", Self.busybox ?? "", "\(tree)/bin/busybox"], input: .null).finish()
        for program in Self.programs { try link("tree/bin/\(program)", to: "busybox") }
    }

    deinit {
        // Nothing of ours is ever mounted in our own namespace, so this cannot wander off.
        try? FileManager.default.removeItem(atPath: path)
    }

    func make(directory: String) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(directory)", withIntermediateDirectories: true)
    }

    func write(_ text: String, to file: String) throws {
        try text.write(toFile: "\(path)/\(file)", atomically: false, encoding: .utf8)
    }

    func read(_ file: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)").sorted()
    }

    /// Mounts that this process sees below the sandbox: none, ever.
    func visibleMounts() throws -> [Substring] {
        try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n").filter {
            $0.contains(path)
        }
    }

    /// Whether some process still lives in a namespace with mounts below the sandbox.
    func isMountedAnywhere() throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
            guard Int32(name) != nil else { return false }
            let table = try? String(contentsOfFile: "/proc/\(name)/mountinfo", encoding: .utf8)
            return table?.contains("\(path)/tree") ?? false
        }
    }

    static let busybox: String? = ["/bin/busybox", "/usr/bin/busybox"].first { (path: String) in
        access(path, X_OK) == 0
    }

    /// Whether there is a static busybox, and the right to make mount namespaces; unshare(1) is asked, because it must
    /// not happen to this process.
    static let isPossible: Bool = {
        guard busybox != nil, let probe = try? HelperProcess(line: ["unshare", "--mount", "true"], input: .null) else {
            return false
        }
        return probe.finish().status == 0
    }()

    static let whyNot: Comment = "needs root, the right to make mount namespaces, and a static busybox"

    static func has(_ program: String) -> Bool {
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
