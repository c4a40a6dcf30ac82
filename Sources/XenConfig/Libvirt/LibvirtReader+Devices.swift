/// The devices: those of this file, and in their place those of the others.
extension LibvirtReader {
    mutating func readDevices(_ devices: ReadElement) {
        // Where libvirt puts a device, and what it calls it.
        devices.passInChildren("address", "alias")
        if type == .hvm, let emulator = devices.child("emulator") {
            set("device_model_override", emulator.text, from: emulator)
        }
        readDisks(devices.all("disk"))
        readInterfaces(devices.all("interface"))
        readControllers(devices.all("controller"))
        readConsoles(devices)
        readChannels(devices.all("channel"))
        readInputs(devices.all("input"))
        readGraphics(devices.all("graphics"), videos: devices.all("video"))
        readSounds(devices.all("sound"))
        readHostDevices(devices.all("hostdev"))
        // Every guest of Xen has it.
        for balloon in devices.all("memballoon") {
            if balloon["model"] == "xen" { balloon.pass() } else { lose(balloon, "a balloon that is not Xen's") }
        }
    }

    private mutating func readControllers(_ controllers: [ReadElement]) {
        var usb: [(text: String, element: ReadElement)] = []
        for controller in controllers {
            switch (controller["type"], controller["model"]) {
            case ("xenbus", _):
                _ = controller["index"]
                for (attribute, key) in [
                    ("maxEventChannels", "max_event_channels"), ("maxGrantFrames", "max_grant_frames"),
                ] {
                    if let limit = controller[attribute].flatMap(number) { set(key, limit, from: controller) }
                }
            case ("usb", let model?) where ["qusb1", "qusb2"].contains(model):
                _ = controller["index"]
                let ports = controller["ports"].flatMap(number) ?? 8
                usb.append(("type=qusb,version=\(model.suffix(1)),ports=\(ports)", controller))
            // libvirt writes one for disks and pointers that are there.
            case ("ide", _), ("scsi", _), ("fdc", _), ("usb", nil): controller.pass()
            case (let kind, _): lose(controller, "a controller of the type \"\(kind ?? "")\"")
            }
        }
        setList("usbctrl", usb)
    }

    // MARK: consoles

    /// The first console is that of Xen, or the first serial port again; or for the first time, in an HVM guest without
    /// any (domain_conf.c, virDomainDefAddConsoleCompat).
    private mutating func readConsoles(_ devices: ReadElement) {
        var serials = type == .hvm ? devices.all("serial") : []
        if type == .hvm, serials.isEmpty, let first = devices.all("console").first,
            ["serial", nil].contains(first.child("target")?["type"])
        {
            serials = [first]
        }
        for (index, console) in devices.all("console").enumerated() where serials.first !== console {
            let target = console.child("target")
            let isUsual =
                ["xen", "serial", nil].contains(target?["type"])
                && (target?["port"] ?? "0") == "0" && index == 0
                && (console["type"] == "pty" || target?["type"] == "serial")
            if isUsual { console.pass() } else { lose(console, "a console beside the first") }
        }
        guard type == .hvm else { return }
        var ports: [(text: String, element: ReadElement)] = []
        for serial in serials {
            guard let port = SerialPort(reading: serial) else {
                lose(serial, "a serial port of the type \"\(serial["type"] ?? "")\"")
                continue
            }
            // The driver counts them as they come, whatever their numbers.
            serial.pass("target")
            _ = serial["tty"]
            ports.append((port.text, serial))
        }
        if let only = ports.first, ports.count == 1 {
            set("serial", only.text, from: only.element)
        } else {
            setList("serial", ports)
        }
    }

    private mutating func readChannels(_ channels: [ReadElement]) {
        var items: [(text: String, element: ReadElement)] = []
        for channel in channels {
            let target = channel.child("target")
            guard target?["type"] == "xen", let name = target?["name"] else {
                lose(channel, "a channel that is not one of Xen")
                continue
            }
            _ = target?["state"]
            switch channel["type"] {
            case "pty":
                channel.pass("source")
                items.append(("connection=pty,name=\(name)", channel))
            case "unix":
                let source = channel.child("source")
                _ = source?["mode"]
                guard let path = source?["path"], !path.contains(",") else {
                    lose(channel, "a channel without a path", severity: .error)
                    continue
                }
                items.append(("connection=socket,path=\(path),name=\(name)", channel))
            case let kind: lose(channel, "a channel of the type \"\(kind ?? "")\"")
            }
        }
        setList("channel", items)
    }

    private mutating func readInputs(_ inputs: [ReadElement]) {
        var items: [(text: String, element: ReadElement)] = []
        for input in inputs {
            switch (input["type"], input["bus"]) {
            // Every guest has these.
            case ("mouse"?, let bus), ("keyboard"?, let bus):
                if ["ps2", "xen", nil].contains(bus) { continue }
                if type == .hvm, bus == "usb", let kind = input["type"] {
                    items.append((kind, input))
                } else {
                    lose(input, "a pointer or keyboard at \"\(bus ?? "")\"")
                }
            case ("tablet"?, "usb"?) where type == .hvm, ("tablet"?, nil) where type == .hvm:
                items.append(("tablet", input))
            case (let kind, _): lose(input, "an input device of the type \"\(kind ?? "")\"")
            }
        }
        guard let first = items.first else { return }
        set("usb", 1, from: first.element)
        if items.count == 1 {
            set("usbdevice", first.text, from: first.element)
        } else {
            setList("usbdevice", items)
        }
    }

    private mutating func readSounds(_ sounds: [ReadElement]) {
        for (index, sound) in sounds.enumerated() {
            guard type == .hvm, index == 0, let model = sound["model"].flatMap(LibvirtWords.soundModels.xl) else {
                lose(sound, "a sound card beside those that xl knows, or beside the first,")
                continue
            }
            set("soundhw", model, from: sound)
        }
    }

    // MARK: devices of the host

    private mutating func readHostDevices(_ devices: [ReadElement]) {
        var usb: [(text: String, element: ReadElement)] = []
        for device in devices {
            let place = device.child("source")?.child("address")
            guard device["mode"] ?? "subsystem" == "subsystem", let place else {
                lose(device, "a device of the host without its place", severity: .error)
                continue
            }
            switch device["type"] {
            case "pci":
                readPCIDevice(device)
            case "usb":
                _ = device["managed"]
                guard let bus = place["bus"].flatMap(number), let address = place["device"].flatMap(number) else {
                    lose(device, "a USB device of the host without its place", severity: .error)
                    continue
                }
                usb.append(("hostbus=\(bus),hostaddr=\(address)", device))
            case let kind: lose(device, "a device of the host of the type \"\(kind ?? "")\"", severity: .error)
            }
        }
        setList("pci", pciDevices)
        setList("usbdev", usb)
    }

    mutating func readPCIDevice(_ device: ReadElement) {
        let source = device.child("source")
        guard let place = source?.child("address"), place["type"] ?? "pci" == "pci",
            var found = PCIDevice(reading: place)
        else {
            lose(device, "a device of the host without its place", severity: .error)
            return
        }
        found.isPermissive = source?["writeFiltering"].map { $0 == "no" }
        // What libvirt takes from its driver itself, xl is told to take.
        if device["managed"] == "yes" { found.isSeized = true }
        if device.child("driver")?["name"] == "xen" { device.pass("driver") }
        pciDevices.append((found.text, device))
    }
}

extension PCIDevice {
    /// Reads `<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>`.
    fileprivate init?(reading place: ReadElement) {
        let numbers = [place["domain"] ?? "0", place["bus"], place["slot"], place["function"]]
            .map { $0.flatMap(XenConfigValue.integer) }
        guard let domain = numbers[0], let bus = numbers[1], let slot = numbers[2], let function = numbers[3],
            (0..<65536).contains(domain), (0..<256).contains(bus), (0..<32).contains(slot), (0..<8).contains(function)
        else { return nil }
        self.init(domain: domain, bus: bus, slot: slot, function: function)
    }
}

extension SerialPort {
    /// Reads `<serial>`.
    fileprivate init?(reading serial: ReadElement) {
        let sources = serial.all("source")
        // Names the pseudo terminal of a guest that runs.
        _ = sources.first?["path"]
        switch serial["type"] {
        case let word? where LibvirtWords.plainPorts.contains(word): self = .plain(word)
        case let kind? where LibvirtWords.pathPorts.contains(kind):
            guard let path = sources.first?["path"] else { return nil }
            self = .path(kind: kind, path: path)
        case "dev":
            guard let path = sources.first?["path"], path.hasPrefix("/") else { return nil }
            self = .device(path)
        case "tcp":
            guard let source = sources.first, let port = source["service"] else { return nil }
            let isTelnet = serial.child("protocol")?["type"] == "telnet"
            self = .tcp(isTelnet: isTelnet, host: source["host"] ?? "", port: port, isServer: source["mode"] == "bind")
        case "udp":
            let target = sources.first { $0["mode"] == "connect" }
            let bound = sources.first { $0["mode"] == "bind" }
            guard let target, let port = target["service"] else { return nil }
            self = .udp(
                host: target["host"] ?? "", port: port, boundHost: bound?["host"] ?? "",
                boundPort: bound?["service"] ?? "")
        case "unix":
            guard let source = sources.first, let path = source["path"] else { return nil }
            self = .unix(path: path, isServer: source["mode"] == "bind")
        default: return nil
        }
    }
}
