import Glibc
import SystemPackage
import TestSupport
import Testing

/// What these tests need of the machine beside `Requirement`.
enum Machine {
    /// The kernel mounts such a file system from an image: tried for real.
    static func mounts(_ kind: String) -> ConditionTrait {
        .enabled("needs loop devices and a kernel that mounts \(kind)") {
            guard geteuid() == 0, findProgram("mkfs.\(kind)") != nil else { return false }
            return try await withTemporaryDirectory("mount") { directory in
                let image = directory.appending("image")
                let make = "truncate -s 400M \"$1\" && mkfs.\(kind) -q \"$1\""
                guard try await run("sh", ["-c", make, "sh", image.string]).succeeded else { return false }
                return try await mounted(image, "true").succeeded
            }
        }
    }

    /// The text of a file in an image, which is mounted for it in a namespace of its own.
    static func readMounted(_ image: FilePath, _ path: String) async throws -> String {
        try await mounted(image, "cat \"$2/\(path)\"").orThrow().standardOutput
    }

    /// Runs a line of shell with the image mounted read-only at `$2`, unseen by others.
    static func mounted(_ image: FilePath, _ script: String) async throws -> Outcome {
        try await withTemporaryDirectory("mounted") { directory in
            let line = "mount -o loop,ro \"$1\" \"$2\" && \(script)"
            return try await run("unshare", ["--mount", "sh", "-c", line, "sh", image.string, directory.string])
        }
    }

    /// Whether programs that call the vsyscall page live here.
    static let offersVsyscall = ((try? readText("/proc/self/maps")) ?? "").contains("[vsyscall]")
}
