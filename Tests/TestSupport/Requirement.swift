import Glibc
import SystemPackage
import Testing

/// What a test needs of the machine, as traits that skip it with a reason:
/// `@Test("...", Requirement.root, Requirement.program("debootstrap"))`.
package enum Requirement {
    /// The user is root.
    package static var root: ConditionTrait {
        .enabled(if: geteuid() == 0, "needs root")
    }

    /// Loop devices can be attached: tried once, for real.
    package static var loopDevices: ConditionTrait {
        .enabled("needs loop devices") { await loopDevicesWork.value }
    }

    /// A mount namespace can be made and a tmpfs mounted in it: tried once, for real.
    package static var mountNamespaces: ConditionTrait {
        .enabled("needs mount namespaces (unshare --mount)") { await mountNamespacesWork.value }
    }

    /// The kernel has no device-mapper.
    package static var noDeviceMapper: ConditionTrait {
        .enabled(if: !fileExists("/dev/mapper/control"), "shows what is said where the kernel has no device-mapper")
    }

    /// All of these programs are installed.
    package static func program(_ names: String...) -> ConditionTrait {
        let missing = names.filter { findProgram($0) == nil }
        return .enabled(if: missing.isEmpty, "needs \(missing.joined(separator: ", "))")
    }

    /// A file of the host is there, of a package that a test names.
    package static func file(_ path: String, package: String) -> ConditionTrait {
        .enabled(if: fileExists(FilePath(path)), "needs \(path) (package \(package))")
    }

    /// Everything that `FixtureArchive.make` runs or copies is installed.
    package static var fixtureArchive: ConditionTrait {
        let missing = FixtureArchive.requiredPrograms.filter { findProgram($0) == nil }
        return .enabled(if: missing.isEmpty, "the fixture archive needs \(missing.joined(separator: ", "))")
    }

    /// A bootstrap can work here: root, mount namespaces, device nodes and chroot, and the fixture archive's programs.
    package static var bootstrapping: ConditionTrait {
        .enabled("needs root, mount namespaces, device nodes and the programs of the fixture archive") {
            guard FixtureArchive.requiredPrograms.allSatisfy({ findProgram($0) != nil }) else { return false }
            guard await mountNamespacesWork.value else { return false }
            return await deviceNodesWork.value
        }
    }

    /// The environment variable is set and not empty: for tests that the developer asks for, such as the one that uses
    /// the network.
    package static func environment(_ name: String) -> ConditionTrait {
        .enabled(if: getenv(name).map { $0.pointee != 0 } ?? false, "set \(name) to run it")
    }

    private static let loopDevicesWork = Task {
        guard geteuid() == 0, let directory = try? TemporaryDirectory("loop") else { return false }
        let script = "truncate -s 1M \"$1\" && device=$(losetup --find --show \"$1\") && losetup --detach \"$device\""
        return await works("sh", ["-c", script, "sh", directory("image").string])
    }

    private static let mountNamespacesWork = Task {
        guard geteuid() == 0, let directory = try? TemporaryDirectory("namespace") else { return false }
        let prefix = SmallTmpfs.prefix(mebibytes: 1, at: directory.path)
        return await works(prefix[0], prefix.dropFirst() + ["true"])
    }

    private static let deviceNodesWork = Task {
        guard geteuid() == 0, let directory = try? TemporaryDirectory("device") else { return false }
        let node = directory("null").string
        return await works("sh", ["-c", "mknod \"$1\" c 1 3 && echo test > \"$1\" && chroot / true", "sh", node])
    }

    private static func works(_ program: String, _ arguments: [String]) async -> Bool {
        (try? await run(program, arguments))?.succeeded ?? false
    }
}
