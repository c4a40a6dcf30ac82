import GuestModel

/// Writes the elements of a domain, and notes which keys it has looked at: what is left at the end has no form.
struct LibvirtWriter: Translation {
    static let form = "libvirt XML"

    let file: XenConfigFile
    let whole: XenConfigFile
    let version: XenVersion
    let type: XlGuestType
    var notes: [Problem] = []
    var taken: Set<String> = ["type", "builder"]

    init(_ file: XenConfigFile, for version: XenVersion) throws(XenConfigError) {
        whole = file
        self.file = file.known(to: version)
        self.version = version
        type = try XlGuestType(of: self.file)
    }

    mutating func domain() throws(XenConfigError) -> XMLElement {
        var content: [XMLElement?] = [try name(), uuid()]
        content += try memory()
        content += processors()
        content += bootloader()
        content += [system(), features(), processor(), clock()]
        content += actions()
        content.append(try devices())
        content.append(securityLabel())
        let arguments = emulatorArguments()
        content.append(arguments)
        noteTheRest()
        return XMLElement(
            "domain", ["type": "xen", "xmlns:xen": arguments == nil ? nil : XMLElement.xenNamespace], content)
    }

    /// Keys that mean something to some guests only, each with those that have a form.
    static let limited: [String: [XlGuestType]] = [
        "acpi": [.hvm], "acpi_firmware": [.hvm], "apic": [.hvm], "bios": [.hvm], "boot": [.hvm],
        "bootloader": [.pv, .pvh],
        "bootloader_args": [.pv, .pvh], "cpuid": [.pvh, .hvm], "device_model_override": [.hvm], "e820_host": [.pv],
        "hap": [.pvh, .hvm], "hpet": [.hvm], "keymap": [.pv, .hvm], "nestedhvm": [.pvh, .hvm], "nographic": [.hvm],
        "pae": [.hvm], "sdl": [.pv, .hvm], "serial": [.hvm], "soundhw": [.hvm], "spice": [.hvm], "stdvga": [.hvm],
        "usbdevice": [.hvm], "vfb": [.pv, .pvh], "vga": [.hvm], "videoram": [.hvm], "viridian": [.hvm],
        "vnc": [.pv, .hvm],
    ]
}
