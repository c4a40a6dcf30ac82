/// The devices: those of this file, and in their place those of the others.
extension LibvirtWriter {
    mutating func devices() throws(XenConfigError) -> XMLElement {
        var content: [XMLElement?] = [emulator()]
        content += try disks()
        content += controllers()
        content += interfaces()
        content += consoles()
        content += channels()
        content += inputs()
        let graphics = graphics()
        content += graphics
        content += sounds()
        content.append(video(isShown: !graphics.isEmpty))
        content += pciDevices()
        content += usbDevices()
        return XMLElement("devices", [:], content)
    }

    private mutating func emulator() -> XMLElement? {
        // The driver hands it on for HVM guests alone (libxl_conf.c, libxlMakeDomBuildInfo).
        guard type == .hvm else { return nil }
        return filledText("device_model_override").map { XMLElement("emulator", text: $0) }
    }

    /// The bus of Xen with its limits, and buses for USB devices of the host.
    private mutating func controllers() -> [XMLElement] {
        var elements: [XMLElement] = []
        let events = integer("max_event_channels")
        let grants = integer("max_grant_frames")
        if events != nil || grants != nil {
            elements.append(
                XMLElement(
                    "controller",
                    [
                        "type": "xenbus", "index": "0", "maxEventChannels": events.map(String.init),
                        "maxGrantFrames": grants.map(String.init),
                    ]))
        }
        for (index, text) in strings("usbctrl").enumerated() {
            let parameters = Parameters(text)
            for other in parameters.others(than: ["type", "version", "ports"]) {
                note("\"\(other)\" of usbctrl \(index + 1) has no form in libvirt XML", "usbctrl")
            }
            // The driver makes those of qemu only (libxl_conf.c, libxlMakeUSBController).
            if let kind = parameters["type"], !["auto", "qusb"].contains(kind) {
                note("the type \"\(kind)\" of usbctrl \(index + 1) has no form in libvirt XML", "usbctrl")
            }
            let version = parameters["version"].flatMap { Int($0) } ?? 2
            if ![1, 2].contains(version) {
                note("the version \(version) of usbctrl \(index + 1) has no form in libvirt XML", "usbctrl")
            }
            elements.append(
                XMLElement(
                    "controller",
                    [
                        "type": "usb", "index": String(index), "model": version == 1 ? "qusb1" : "qusb2",
                        "ports": String(parameters["ports"].flatMap { Int($0) } ?? 8),
                    ]))
        }
        return elements
    }

    // MARK: consoles

    /// A PV or PVH guest has its console, an HVM guest the serial ports that are named.
    private mutating func consoles() -> [XMLElement] {
        guard type == .hvm else {
            return [XMLElement("console", ["type": "pty"], [XMLElement("target", ["type": "xen", "port": "0"])])]
        }
        guard let ports = oneOrMore("serial") else { return [] }
        var elements: [XMLElement] = []
        for (index, text) in ports.enumerated() where text != "none" && !text.isEmpty {
            guard let port = SerialPort(parsing: text) else {
                note("the serial port \"\(text)\" has no form in libvirt XML", "serial")
                continue
            }
            if index > elements.count {
                note(
                    "the serial port \"\(text)\" is not number \(index) to libvirt's Xen driver, which counts no gap",
                    "serial")
            }
            elements.append(port.element(number: index))
        }
        if elements.count > 1 {
            // *g_new0(libxl_string_list, n) in libxlMakeDomBuildInfo; right in 11.3.0.
            note(
                "the guest has \(elements.count) serial ports, at which the daemon of libvirt 9.0 ends with a fault",
                "serial")
        }
        return elements
    }

    private mutating func channels() -> [XMLElement] {
        strings("channel").enumerated().compactMap { index, text in
            let parameters = Parameters(text)
            for other in parameters.others(than: ["connection", "name", "path"]) {
                note("\"\(other)\" of channel \(index + 1) has no form in libvirt XML", "channel")
            }
            let target = XMLElement("target", ["type": "xen", "name": parameters["name"]])
            switch (parameters["connection"], parameters["path"]) {
            case ("pty", _): return XMLElement("channel", ["type": "pty"], [target])
            case ("socket", let path?):
                return XMLElement(
                    "channel", ["type": "unix"], [XMLElement("source", ["mode": "bind", "path": path]), target])
            default:
                note("channel \(index + 1) is none that xl understands", "channel", severity: .error)
                return nil
            }
        }
    }

    // MARK: devices of the host

    /// `pci` (xen_common.c, xenParsePCI; libxl_conf.c, libxlMakePCI).
    private mutating func pciDevices() -> [XMLElement] {
        let isPermissive = flag("pci_permissive")
        let isSeized = flag("pci_seize")
        let elements = strings("pci").compactMap { text -> XMLElement? in
            guard let device = PCIDevice(parsing: text) else {
                note("the PCI device \"\(text)\" has no form in libvirt XML", "pci", severity: .error)
                return nil
            }
            for other in device.others {
                note("\"\(other)\" of the PCI device \(device) has no form in libvirt XML", "pci")
            }
            return device.element(permissive: isPermissive, seized: isSeized)
        }
        if elements.isEmpty {
            for key in ["pci_permissive", "pci_seize"] {
                lose(key, "has no effect without a PCI device, and no form in libvirt XML")
            }
        }
        return elements
    }

    /// `usbdev` (xen_xl.c, xenParseXLUSB, which takes the numbers for hexadecimal; xl does not).
    private mutating func usbDevices() -> [XMLElement] {
        strings("usbdev").enumerated().compactMap { index, text in
            let parameters = Parameters(text)
            for other in parameters.others(than: ["type", "hostbus", "hostaddr"]) {
                note("\"\(other)\" of usbdev \(index + 1) has no form in libvirt XML", "usbdev")
            }
            guard let bus = parameters["hostbus"].flatMap(XenConfigValue.integer),
                let address = parameters["hostaddr"].flatMap(XenConfigValue.integer), bus > 0, address > 0,
                parameters["type"] ?? "hostdev" == "hostdev"
            else {
                note("usbdev \(index + 1) names no device of the host", "usbdev", severity: .error)
                return nil
            }
            let place = XMLElement("address", ["bus": String(bus), "device": String(address)])
            return XMLElement(
                "hostdev", ["mode": "subsystem", "type": "usb", "managed": "no"], [XMLElement("source", [:], [place])])
        }
    }
}
