import Glibc
import SystemPackage

/// An LVM of the test's own: its configuration, its locks, and the only devices that it sees. Real metadata on loop
/// devices; nothing is activated, so that the kernel needs no device-mapper.
package final class ScratchLVM: Sendable {
    private let directory: TemporaryDirectory
    /// For `LVM_SYSTEM_DIR`.
    package var systemDirectory: FilePath { directory("etc") }
    private var devices: FilePath { directory("dev") }

    package init() throws {
        directory = try TemporaryDirectory("lvm")
        for name in ["etc", "dev", "lock"] { try makeDirectories(directory(name)) }
        try writeFile(
            systemDirectory.appending("lvm.conf"),
            """
            devices {
                dir = "\(devices)"
                scan = [ "\(devices)" ]
                use_devicesfile = 0
                obtain_device_list_from_udev = 0
                hints = "none"
            }
            global { activation = 0 locking_dir = "\(directory("lock"))" }
            activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
            backup { backup = 0 archive = 0 }

            """)
    }

    /// The one that this process's liblvm2cmd uses: the library reads the variable once.
    package static let ofThisProcess: ScratchLVM? = {
        guard let lvm = try? ScratchLVM() else { return nil }
        setenv("LVM_SYSTEM_DIR", lvm.systemDirectory.string, 1)
        atexit { if let lvm = ScratchLVM.ofThisProcess { removeTree(lvm.directory.path) } }
        return lvm
    }()

    /// The program, on this LVM: not through what is tested.
    @discardableResult
    package func lvm(_ arguments: String...) async throws -> Outcome {
        try await run(
            "lvm", arguments, environment: ["LVM_SYSTEM_DIR": systemDirectory.string, "LVM_SUPPRESS_FD_WARNINGS": "1"]
        ).orThrow()
    }

    /// A volume group with a name that no other has, on a loop device, for as long as `body` runs.
    package func withGroup<Result>(
        mebibytes: Int, isolation: isolated (any Actor)? = #isolation,
        _ body: (_ name: String, _ image: FilePath) async throws -> Result
    ) async throws -> Result {
        let name = "domus-\(UInt32.random(in: .min ... .max))"
        let image = directory("\(name).img")
        try await run("truncate", ["--size=\(mebibytes)M", image.string]).orThrow()
        let loop = try await run("losetup", ["--find", "--show", image.string]).orThrow().standardOutput
            .split(separator: "\n").joined()
        // Not the name of the group, whose own directory has that one.
        let device = devices.appending("\(name).disk")
        do {
            try await run("ln", ["-s", loop, device.string]).orThrow()
            try await lvm("vgcreate", "--yes", name, device.string)
            let result = try await body(name, image)
            try await release(loop, device, image)
            return result
        } catch {
            try? await release(loop, device, image)
            throw error
        }
    }

    private func release(_ loop: String, _ device: FilePath, _ image: FilePath) async throws {
        unlink(device.string)
        try await run("losetup", ["--detach", loop]).orThrow()
        unlink(image.string)
    }
}
