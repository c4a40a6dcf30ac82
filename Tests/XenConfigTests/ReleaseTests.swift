import Foundation
import GuestModel
import SystemPackage
import Testing
import XenConfig

/// What the template that Domus brings makes of each type of guest for each release that writes it otherwise. The files are
/// in Golden; DOMUS_WRITE_GOLDEN=1 writes them anew, to be read before they are committed.
@Suite("The configuration for a release of Xen")
struct ReleaseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let make: @Sendable () throws -> GuestConfiguration

        var testDescription: String { name }
    }

    private static let disk = #"/srv/xen/domains/web1/disk.img"#

    private static func machine(
        _ type: GuestType, _ version: XenVersion, firmware: GuestSpec.Boot.Firmware = .bios,
        _ toolstack: GuestSpec.Configuration.Toolstack = .xl, settings: [String] = [], disks: [String] = []
    ) throws -> GuestConfiguration {
        try guest(
            name: "web1", type: type, boot: .firmware(firmware),
            disks: [DiskEntry(vdev: "xvda", target: FilePath(disk), isRoot: true)],
            furtherDisks: disks.map { try .init(parsing: $0, for: version) },
            settings: settings.map { text in try .init(parsing: text) }, version: version, toolstack: toolstack)
    }

    private static func direct(
        _ type: GuestType, _ version: XenVersion, _ toolstack: GuestSpec.Configuration.Toolstack = .xl
    ) throws -> GuestConfiguration {
        try guest(
            name: "web1", type: type,
            disks: [
                DiskEntry(vdev: "xvda2", target: "/dev/vg0/web1-disk", isRoot: true),
                DiskEntry(vdev: "xvda1", target: "/srv/xen/domains/web1/swap.img"),
            ], version: version, toolstack: toolstack)
    }

    static let cases: [Case] = [
        // Each side of each border: disk strings (4.2), cmdline (4.5), type and PVH (4.10).
        Case(name: "pv-3.4-xm") { try direct(.pv, XenVersion(3, 4), .xm) },
        Case(name: "pv-4.1") { try direct(.pv, XenVersion(4, 1)) },
        Case(name: "pv-4.2") { try direct(.pv, XenVersion(4, 2)) },
        Case(name: "pv-4.4") { try direct(.pv, XenVersion(4, 4)) },
        Case(name: "pv-4.4-xm") { try direct(.pv, XenVersion(4, 4), .xm) },
        Case(name: "pv-4.5") { try direct(.pv, XenVersion(4, 5)) },
        Case(name: "pv-4.9") { try direct(.pv, XenVersion(4, 9)) },
        Case(name: "pv-4.10") { try direct(.pv, XenVersion(4, 10)) },
        Case(name: "pv-4.22") { try direct(.pv, XenVersion(4, 22)) },
        Case(name: "pvh-4.10") { try direct(.pvh, XenVersion(4, 10)) },
        Case(name: "pvh-4.22") { try direct(.pvh, XenVersion(4, 22)) },
        Case(name: "hvm-4.0-xm") { try machine(.hvm, XenVersion(4, 0), .xm) },
        Case(name: "hvm-4.1") { try machine(.hvm, XenVersion(4, 1)) },
        Case(name: "hvm-4.9") { try machine(.hvm, XenVersion(4, 9)) },
        Case(name: "hvm-4.10") { try machine(.hvm, XenVersion(4, 10)) },
        Case(name: "hvm-4.22") { try machine(.hvm, XenVersion(4, 22)) },
        Case(name: "pvhvm-4.1") { try machine(.pvhvm, XenVersion(4, 1)) },
        Case(name: "pvhvm-4.17") { try machine(.pvhvm, XenVersion(4, 17)) },
        Case(name: "pvhvm-ovmf-4.9") { try machine(.pvhvm, XenVersion(4, 9), firmware: .ovmf) },
        Case(name: "pvhvm-ovmf-4.17") { try machine(.pvhvm, XenVersion(4, 17), firmware: .ovmf) },
        // Groups of options.
        Case(name: "pvhvm-4.17-screen") {
            try machine(.pvhvm, XenVersion(4, 17), settings: ["vnc=1", "usb=1", "usbdevice=tablet", "vga=stdvga"])
        },
        Case(name: "pvhvm-4.17-processors") {
            try machine(
                .pvhvm, XenVersion(4, 17),
                settings: ["maxvcpus=4", "cpus=2-5,^4", "pool=fast", "cpu_weight=512", "cap=50", "nestedhvm=1"])
        },
        Case(name: "pvhvm-4.17-devices") {
            try machine(
                .pvhvm, XenVersion(4, 17),
                settings: [
                    "pci=['01:00.0','02:00.0,permissive=1']",
                    "vtpm=['backend=tpm,uuid=0a1b2c3d-1111-4000-8000-00000000000f']",
                    "p9=['tag=home,path=/srv/home,security_model=none']", "device_model_stubdomain_override=1",
                ],
                disks: [
                    "/srv/data.qcow2,qcow2,xvdb,rw", "format=raw,vdev=hdc,access=ro,devtype=cdrom,target=/srv/cd.iso",
                ])
        },
        Case(name: "hvm-4.1-devices") {
            try machine(
                .hvm, XenVersion(4, 1), settings: ["pci=['01:00.0']"],
                disks: ["tap:qcow2:/srv/data.qcow2,xvdb,w", "file:/srv/cd.iso,hdc:cdrom,r"])
        },
    ]

    private static let directory: FilePath = {
        var path = FilePath(#filePath)
        path.removeLastComponent()
        return path.appending("Golden")
    }()

    @Test("is what it was", arguments: cases)
    func golden(of example: Case) throws {
        let rendered = try example.make().render(template: contents(of: templatePath), file: "xl.cfg.mustache")
        #expect(rendered.warnings.isEmpty)
        let file = Self.directory.appending("\(example.name).cfg")
        if ProcessInfo.processInfo.environment["DOMUS_WRITE_GOLDEN"] != nil {
            try rendered.text.write(toFile: file.string, atomically: true, encoding: .utf8)
        }
        #expect(try rendered.text == contents(of: file))
    }

    @Test("no file is there that no case is of")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.directory.string)
        #expect(Set(names) == Set(Self.cases.map { "\($0.name).cfg" }))
    }

    @Test("is one in which a check for that release finds nothing", arguments: cases)
    func checked(example: Case) throws {
        let guest = try example.make()
        let text = try guest.render(template: contents(of: templatePath), file: "t").text
        let reading = try ConfigurationReading(
            parsing: Array(text.utf8), file: "t", for: guest.readingVersion)
        #expect(reading.problems.map(\.description) == [])
        #expect(reading.type == guest.type.xlName)
    }

    @Test(
        "what a release does not have is refused",
        arguments: [
            ({ @Sendable in try direct(.pvh, XenVersion(4, 9)) }, "there are no PVH guests before Xen 4.10"),
            ({ @Sendable in try direct(.pv, XenVersion(4, 5), .xm) }, "xm is gone since Xen 4.5"),
            ({ @Sendable in try direct(.pvhvm, XenVersion(4, 4)) }, "an emulated machine starts from its disk"),
            ({ @Sendable in try machine(.pv, XenVersion(4, 17)) }, "a pv guest has no firmware"),
            ({ @Sendable in try machine(.hvm, XenVersion(4, 1), firmware: .ovmf) }, "Xen 4.1 has no UEFI for guests"),
            (
                { @Sendable in try machine(.hvm, XenVersion(4, 17), settings: ["memory=5"]) },
                "\"memory\" is written for what it says elsewhere"
            ),
            (
                { @Sendable in try machine(.hvm, XenVersion(4, 17), settings: ["vga=none", "vga=stdvga"]) },
                "\"vga\" is set twice"
            ),
            (
                { @Sendable in try machine(.hvm, XenVersion(4, 17), disks: ["/srv/a,raw,xvda,rw"]) },
                "two disks are to be xvda"
            ),
        ])
    func refused(make: @Sendable () throws -> GuestConfiguration, message: String) throws {
        let error = try #require(throws: XenConfigError.self) { try make() }
        #expect(error.message.contains(message))
    }

    @Test("a disk that old releases have no words for is refused when it is written for them")
    func oldDisks() throws {
        for text in [
            "vdev=xvdb,script=block-x,target=a", "vdev=xvdb,target=/a,b",
        ] {
            let guest = try Self.machine(.hvm, XenVersion(4, 2), .xm, disks: [text])
            #expect(throws: XenConfigError.self) {
                try guest.render(template: contents(of: templatePath), file: "t")
            }
        }
    }

    @Test(
        "what xm.tmpl of xen-tools calls its variables is there under these names",
        arguments: [
            ("hostname", "web1"), ("memory", "512"), ("vcpus", "2"), ("kernel", "/k"), ("initrd", "/r"),
            ("device", "xvda"),
            ("mac", "00:16:3E:00:00:01"), ("bridge", "b0"), ("vifname", "v0"), ("vlan", "7"),
            ("ips", "192.0.2.1 192.0.2.2"),
            ("maxmem", "1024"), ("pygrub", "no"), ("dhcp", "no"),
        ])
    func oldNames(name: String, value: String) throws {
        let interface = try NetworkInterface(
            mac: MACAddress(parsing: "00:16:3e:00:00:01"), bridge: "b0", vifName: "v0",
            addresses: .fixed(
                ["192.0.2.1", "192.0.2.2"].map {
                    try InterfaceAddress(IPAddress(parsing: $0), prefixLength: 24)
                }), parameters: ["vlan=7"])
        let guest = try guest(
            name: "web1", maximumMemory: .mebibytes(1024),
            boot: .directKernel(kernel: "/k", ramdisk: "/r", commandLine: "root=/dev/xvda2"), interfaces: [interface])
        let isCondition = ["pygrub", "dhcp"].contains(name)
        let template =
            try contents(of: templatePath)
            + "seclabel = \"\(isCondition ? "{{#\(name)}}yes{{/\(name)}}{{^\(name)}}no{{/\(name)}}" : "{{\(name)}}")\"\n"
        let text = try guest.render(template: template, file: "t").text
        #expect(try XenConfigFile(parsing: text)["seclabel"]?.text == value)
    }

    @Test("a user's template that leaves a setting out is refused, with what it must say")
    func settings() throws {
        let guest = try Self.machine(.pvhvm, XenVersion(4, 17), settings: ["cpus=2"])
        let template = try contents(of: templatePath).replacing("{{{value}}}", with: "1")
        let error = try #require(throws: XenConfigError.self) { try guest.render(template: template, file: "my") }
        #expect(error.message.contains("\"cpus\" is \"1\"; the guest's is \"2\""))
    }
}

@Suite("A setting of xl by its text")
struct SettingTests {
    @Test(
        "is read as a configuration has it, and what is none of its values is a string",
        arguments: [
            ("vga=none", XenConfigValue.string("none")), ("cpus = 2-3", .string("2-3")), ("cap=50", .number("50")),
            ("pci=['01:00.0', \"02:00.0\"]", .list([.string("01:00.0"), .string("02:00.0")])),
            ("seclabel='a b'", .string("a b")), ("cpuid=host,tm=0", .string("host,tm=0")), ("x=", .string("")),
        ])
    func reads(text: String, value: XenConfigValue) throws {
        #expect(try GuestConfiguration.Setting(parsing: text).value == value)
    }

    @Test("what is none is refused", arguments: ["vga", "Vga=none", "=1", "a=[1", "a='b' c", "a='b'; d=1", "a=b\nc=d"])
    func refuses(text: String) {
        #expect(throws: XenConfigError.self) { try GuestConfiguration.Setting(parsing: text) }
    }

    @Test(
        "what the xl of a release would pass over is told",
        arguments: [
            ("vgaa=none", XenVersion(4, 17), "is no key of xl 4.17"),
            ("p9=['a']", XenVersion(4, 8), "is no key of xl 4.8"),
            ("pci='01:00.0'", XenVersion(4, 17), "xl wants a list"), ("cap='half'", XenVersion(4, 17), "no number"),
            ("cap=010", XenVersion(4, 17), "octal"),
            ("on_crash=explode", XenVersion(4, 17), "\"on_crash\" is \"explode\""),
        ])
    func checks(text: String, version: XenVersion, message: String) throws {
        let problems = GuestConfiguration.Setting.problems(of: [try .init(parsing: text)], for: version)
        #expect(problems.first?.message.contains(message) == true)
    }
}
