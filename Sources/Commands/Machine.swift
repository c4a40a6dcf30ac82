import LinuxHost
import LogicalVolumes

extension Host {
    /// The machine that this process runs on.
    static var ofThisMachine: Host {
        .real(path: Invoked.environment("PATH") ?? "", volumes: LogicalVolumeManager())
    }
}
