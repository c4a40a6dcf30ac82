import GuestModel
import Testing
import XenConfig

@Suite("Hostile values")
struct HostileValueTests {
    private static let values = [
        "\u{1B}[2J", "a\r\n=,", ",,,,", "====", "=,=,=", "^", "-", "@", ":", "::", ".", "*", "0x", "-0x1", "+", "!",
        "\u{301},\u{301}=\u{301}", "host,\u{301}=1", String(repeating: "9", count: 400), "1-", "1-\u{7F}",
        "18446744073709551615", "0-18446744073709551614", "vcpus=0-18446744073709551614", "size=18446744073709551614",
        "type=virtio,", "type=virtio", "connectors=:", "connectors=;", "sample-rates=", "bdf=", "name=", "oem=",
    ]

    // Nothing of it may end or hold up the program.
    @Test("no value of any key is too much", arguments: [4, 14, 17])
    func values(minor: Int) throws {
        let version = XenVersion(4, minor)
        let keys = [
            "pci", "cpus", "cpus_soft", "vfb", "vtpm", "p9", "pvcalls", "channel", "usbctrl", "usbdev", "vdispl",
            "vsnd",
            "vkb", "virtio", "rdm", "irqs", "ioports", "iomem", "dtdev", "serial", "cpuid", "viridian", "vnuma", "boot",
            "smbios", "mca_caps", "llc_colors", "xenstore_quota", "arm_sci", "bios", "tsc_mode", "cap", "videoram",
            "cpu_weight", "vnclisten", "kernel", "maxmem", "maxvcpus",
        ]
        for key in keys {
            for value in Self.values {
                let string = XenConfigValue.string(value)
                let shapes: [XenConfigValue] = [string, .list([string]), .list([.list([string])])]
                for shape in shapes {
                    let text = try XenConfigFile(entries: [
                        // Only there it is looked into.
                        .init("type", .set, .string("hvm")), .init("builder", .set, .string("hvm")),
                        .init("name", .set, .string("g")), .init("cap", .set, .number("9223372036854775807")),
                        .init("vcpus", .set, .number("9223372036854775807")), .init(key, .set, shape),
                    ]).text()
                    let bytes = Array(text.utf8)
                    _ = try? ConfigurationReading(parsing: bytes, file: "g.cfg", for: version)
                }
            }
        }
    }

    @Test("a long value is looked through in a moment")
    func long() throws {
        let words = String(repeating: "0-3,^1,", count: 9000)
        for line in [
            "cpus = '\(words)'", "vnuma = [['vcpus=\(words)']]", "cpuid = 'host,\(words)'", "pci = ['\(words)']",
        ] {
            let bytes = Array("name = 'g'\nkernel = '/k'\n\(line)\n".utf8)
            let clock = ContinuousClock()
            let time = try clock.measure { _ = try ConfigurationReading(parsing: bytes, file: "g", for: .newest) }
            #expect(time < .seconds(2), "\(line.prefix(20))")
        }
    }
}
