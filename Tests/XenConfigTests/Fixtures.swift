import GuestModel
import SystemPackage
import XenConfig

/// The template that Domus brings.
let templatePath: FilePath = {
    var path = FilePath(#filePath)
    for _ in 0..<3 { path.removeLastComponent() }
    return path.appending("Templates/xl.cfg.mustache")
}()

/// The text of a file.
func contents(of path: FilePath) throws -> String {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

/// A guest with a root and a swap image, as xen-tools numbers them.
func guest(
    name: String = "web1.example.org",
    uuid: String? = nil,
    type: GuestType = .pvh,
    memory: ByteSize = .mebibytes(512),
    maximumMemory: ByteSize? = nil,
    virtualCPUs: Int = 2,
    boot: GuestConfiguration.BootMethod = .directKernel(
        kernel: "/srv/xen/domains/web1.example.org/vmlinuz",
        ramdisk: "/srv/xen/domains/web1.example.org/initrd.img",
        commandLine: "root=UUID=0a1b2c3d-0000-4000-8000-000000000001 ro console=hvc0"
    ),
    disks: [DiskEntry]? = nil,
    interfaces: [NetworkInterface]? = nil,
    furtherDisks: [GuestConfiguration.FurtherDisk] = [],
    settings: [GuestConfiguration.Setting] = [],
    version: XenVersion = .newest,
    toolstack: GuestSpec.Configuration.Toolstack = .xl
) throws -> GuestConfiguration {
    try GuestConfiguration(
        name: Hostname(name),
        uuid: uuid,
        type: type,
        memory: memory,
        maximumMemory: maximumMemory,
        virtualCPUs: virtualCPUs,
        boot: boot,
        disks: disks ?? [
            DiskEntry(vdev: "xvda2", target: "/srv/xen/domains/web1.example.org/disk.img", isRoot: true),
            DiskEntry(vdev: "xvda1", target: "/srv/xen/domains/web1.example.org/swap.img"),
        ],
        furtherDisks: furtherDisks,
        interfaces: interfaces ?? [
            NetworkInterface(mac: MACAddress(parsing: "00:16:3E:99:7B:CC"), bridge: "xenbr0", addresses: .dhcp)
        ],
        settings: settings,
        version: version,
        toolstack: toolstack
    )
}
