import GuestModel
import SystemPackage
import Templating
import Testing
import XenConfig

@Suite("A guest's configuration")
struct GuestConfigurationTests {
    @Test("hostile texts in paths and the command line reach xl unchanged", arguments: hostileTexts)
    func hostile(text: String) throws {
        let hasControl = text.unicodeScalars.contains { $0.value < 32 }
        func make() throws -> GuestConfiguration {
            try guest(
                boot: .directKernel(
                    kernel: FilePath("/boot/k\(text)"),
                    ramdisk: nil,
                    commandLine: "root=/dev/xvda1 x=\(text)"
                ),
                disks: [DiskEntry(vdev: "xvda1", target: FilePath("/srv/x\(text)/disk.img"), isRoot: true)],
                interfaces: []
            )
        }
        if hasControl {
            #expect(throws: XenConfigError.self) { try make() }
            return
        }
        let rendered = try make().render(template: contents(of: templatePath), file: "t")
        let file = try XenConfigFile(parsing: rendered.text)
        #expect(Array(file["cmdline"]?.text?.utf8 ?? "".utf8) == Array("root=/dev/xvda1 x=\(text)".utf8))
        #expect(Array(file["kernel"]?.text?.utf8 ?? "".utf8) == Array("/boot/k\(text)".utf8))
        let disk = try DiskSpec(parsing: try #require(file["disk"]?.items?.first?.text))
        #expect(Array(disk.target?.utf8 ?? "".utf8) == Array("/srv/x\(text)/disk.img".utf8))
        #expect(rendered.warnings.isEmpty)
    }

    @Test("the environment is at hand in templates, and cannot pose as the guest")
    func environment() throws {
        let template =
            try contents(of: templatePath)
            + "seclabel = \"{{foo}}\"\n{{#env.NOT_SET}}pool = \"{{env.NOT_SET}}\"\n{{/env.NOT_SET}}pool = '{{env.name}}'\n"
        let text = try guest().render(template: template, file: "t", extra: ["foo": "it's \"bar\"", "name": "evil"])
            .text
        let file = try XenConfigFile(parsing: text)
        #expect(file["seclabel"] == .string("it's \"bar\""))
        #expect(file["pool"] == .string("evil"))
        #expect(file["name"] == .string("web1.example.org"))
    }

    @Test("a misspelt variable of a user's template is an error with its line")
    func misspelt() throws {
        let error = try #require(throws: TemplateError.self) {
            try guest().render(template: "name = \"{{name}}\"\nmemory = {{memroy}}\n", file: "my.mustache")
        }
        #expect(error.description == "my.mustache:2: there is no variable \"memroy\" here")
        #expect(error.hint == "is memory meant?")
    }

    @Test("a user's template that makes another guest is refused, and the message says which line is wrong")
    func refused() throws {
        let template = try contents(of: templatePath) + "memory = 0{{memory}}\n"
        let error = try #require(throws: XenConfigError.self) {
            try guest().render(template: template, file: "my.mustache")
        }
        #expect(
            error.message.hasPrefix(
                "the template my.mustache makes a configuration that xl would not start as asked: line 24: "
            )
        )
        #expect(error.message.contains("\"memory\" is 0512, which xl reads as octal 330"))
    }

    private static let impossibilities: [(@Sendable () throws -> GuestConfiguration, String)] = [
        ({ try guest(uuid: "1234") }, "the configuration of web1.example.org cannot be made: \"1234\" is not a UUID"),
        (
            { try guest(memory: .mebibytes(512), maximumMemory: .mebibytes(256)) },
            "the configuration of web1.example.org cannot be made: the maximum of 256M is below the memory of 512M"
        ),
        (
            { try guest(memory: ByteSize(bytes: 4096)) },
            "the configuration of web1.example.org cannot be made: 4K of memory is less than 1 MiB"
        ),
        (
            { try guest(virtualCPUs: 0) },
            "the configuration of web1.example.org cannot be made: 0 virtual CPUs; 1 to 512 can be"
        ),
        (
            { try guest(disks: []) },
            "the configuration of web1.example.org cannot be made: 0 of 0 disks hold the root; it must be one"
        ),
        (
            {
                try guest(disks: [
                    DiskEntry(vdev: "xvda", target: "/a", isRoot: true), DiskEntry(vdev: "xvda", target: "/b"),
                ])
            },
            "the configuration of web1.example.org cannot be made: /a and /b are both to be xvda"
        ),
        (
            { try guest(disks: [DiskEntry(vdev: "xvda", target: "a.img", isRoot: true)]) },
            "the path of disk xvda, a.img, is not absolute"
        ),
        (
            { try guest(disks: [DiskEntry(vdev: "xvda", target: "/a,", isRoot: true)]) },
            "the path of disk xvda, /a,, ends in a comma, which xl would cut off"
        ),
        (
            { try guest(disks: [DiskEntry(vdev: "xvda", target: "/a\nb", isRoot: true)]) },
            "the path of disk xvda holds a control character"
        ),
        ({ try guest(disks: [DiskEntry(vdev: "", target: "/a", isRoot: true)]) }, "\"\" is not a disk of a guest"),
        (
            { try guest(disks: [DiskEntry(vdev: "xvda,xvdb", target: "/a", isRoot: true)]) },
            "\"xvda,xvdb\" is not a disk of a guest"
        ),
        (
            { try guest(disks: [DiskEntry(vdev: "xvdá", target: "/a", isRoot: true)]) },
            "\"xvdá\" is not a disk of a guest"
        ),
        (
            { try guest(disks: [DiskEntry(vdev: "vda1", target: "/a", isRoot: true)]) },
            "\"vda1\" is not a disk of a guest"
        ),
        (
            { try guest(boot: .directKernel(kernel: "/k", ramdisk: nil, commandLine: "")) },
            "the configuration of web1.example.org cannot be made: the kernel's command line is empty"
        ),
        (
            { try guest(boot: .directKernel(kernel: "/k", ramdisk: nil, commandLine: "root=/dev/xvda1\nx")) },
            "the configuration of web1.example.org cannot be made: the kernel's command line holds a control character"
        ),
        (
            {
                try guest(
                    boot: .directKernel(kernel: "/k", ramdisk: nil, commandLine: String(repeating: "x", count: 2048))
                )
            },
            "the configuration of web1.example.org cannot be made: the kernel's command line has 2048 bytes; the kernel reads 2047"
        ),
        ({ try guest(boot: .pvgrub("grub.bin")) }, "the path of GRUB for Xen, grub.bin, is not absolute"),
        (
            {
                try guest(interfaces: [
                    .init(mac: MACAddress(parsing: "00:16:3E:00:00:01"), bridge: "br0,mac=x", addresses: .dhcp)
                ])
            },
            "the configuration of web1.example.org cannot be made: \"br0,mac=x\" is not the name of a bridge"
        ),
    ]

    @Test("what xl could not read back cannot be made at all", arguments: impossibilities)
    func impossible(make: @Sendable () throws -> GuestConfiguration, message: String) throws {
        let error = try #require(throws: XenConfigError.self) { try make() }
        #expect(error.message == message)
    }
}
