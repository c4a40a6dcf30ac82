/// Displays, and what belongs to one: the card, the sound, the pointer (xen_common.c, xenParseVfb; xen_xl.c,
/// xenParseXLSpice; libxl_conf.c, libxlMakeVfb, libxlMakeBuildInfoVfb and libxlMakeVideo).
extension LibvirtWriter {
    /// A VNC server, from the keys of xl or from the parameters of a `vfb`.
    private struct VNC {
        var listen: String?
        var display: Int?
        var looksForUnused: Bool?
        var password: String?
        var keymap: String?
    }

    private static let vncKeys = ["vnclisten", "vncdisplay", "vncunused", "vncpasswd"]
    private static let sdlKeys = ["display", "xauthority", "opengl"]

    mutating func graphics() -> [XMLElement] {
        switch type {
        case .hvm: fullGraphics()
        case .pv: file["vfb"] == nil ? pvGraphics() : framebuffers()
        case .pvh: framebuffers()
        }
    }

    private mutating func fullGraphics() -> [XMLElement] {
        let hasSpice = flag("spice") ?? false
        // libxl gives an HVM guest a VNC server if nothing is said; libvirt none.
        let hasVNC = flag("vnc") ?? !hasSpice
        let hasSDL = flag("sdl") ?? false
        var elements: [XMLElement] = []
        let keymap = text("keymap")
        if hasSpice { elements.append(spice(keymap: keymap)) }
        if hasVNC { elements.append(vnc(from: topLevelVNC(keymap: hasSpice ? nil : keymap), of: "vncdisplay")) }
        if hasSDL { elements.append(sdl(display: text("display"), authority: text("xauthority"))) }
        if elements.count > 1 {
            note(
                "the guest has \(elements.count) displays; libvirt's Xen driver shows the first",
                hasSDL ? "sdl" : "vnc",
                hint: "leave all but one of vnc, sdl and spice out, and write vnc = 0 if it is not that")
        }
        if !hasVNC, !hasSpice { lose("keymap", "has no form in libvirt XML without a VNC server or spice") }
        if !hasVNC {
            for key in Self.vncKeys { lose(key, "has no effect without a VNC server, and no form in libvirt XML") }
        }
        loseSDL(isOn: hasSDL)
        return elements
    }

    private mutating func pvGraphics() -> [XMLElement] {
        let hasVNC = flag("vnc") ?? false
        // xl reads the rest only if there is a VNC server (xl_parse.c).
        let hasSDL = hasVNC && flag("sdl") ?? false
        if !hasVNC {
            for key in Self.vncKeys + ["sdl", "keymap"] + Self.sdlKeys {
                lose(key, "has no effect without a VNC server, and no form in libvirt XML")
            }
            return []
        }
        if hasSDL { note("\"sdl\" has no form in libvirt XML beside \"vnc\"", "sdl") }
        loseSDL(isOn: false)
        let keymap = text("keymap")
        return [vnc(from: topLevelVNC(keymap: keymap), of: "vncdisplay")]
    }

    private mutating func loseSDL(isOn: Bool) {
        for key in Self.sdlKeys where !isOn || key == "opengl" {
            if isOn {
                lose(key)
            } else {
                lose(key, "has no effect without a window of SDL, and no form in libvirt XML")
            }
        }
    }

    private mutating func topLevelVNC(keymap: String?) -> VNC {
        VNC(
            listen: text("vnclisten"), display: integer("vncdisplay"), looksForUnused: flag("vncunused"),
            password: text("vncpasswd"), keymap: keymap)
    }

    /// `vfb`, whose items are displays of a PV or PVH guest.
    private mutating func framebuffers() -> [XMLElement] {
        if file["vfb"] != nil, type == .pv {
            for key in ["vnc", "sdl", "keymap"] + Self.vncKeys + Self.sdlKeys {
                lose(key, "has no effect beside \"vfb\", and no form in libvirt XML")
            }
        }
        return strings("vfb").enumerated().compactMap { index, text in
            let parameters = Parameters(text)
            let known = ["vnc", "sdl", "keymap", "display", "xauthority"] + Self.vncKeys
            for other in parameters.others(than: known) {
                note("\"\(other)\" of vfb \(index + 1) has no form in libvirt XML", "vfb")
            }
            let hasVNC = Self.number(parameters["vnc"]) ?? 1 != 0
            let hasSDL = Self.number(parameters["sdl"]) ?? 0 != 0
            if hasVNC {
                if hasSDL { note("the sdl of vfb \(index + 1) has no form in libvirt XML beside its vnc", "vfb") }
                let options = VNC(
                    listen: parameters["vnclisten"], display: Self.number(parameters["vncdisplay"]),
                    looksForUnused: Self.number(parameters["vncunused"]).map { $0 != 0 },
                    password: parameters["vncpasswd"], keymap: parameters["keymap"])
                return vnc(from: options, of: "vfb")
            }
            guard hasSDL else {
                note("vfb \(index + 1) has neither vnc nor sdl, and no form in libvirt XML", "vfb")
                return nil
            }
            return sdl(display: parameters["display"], authority: parameters["xauthority"])
        }
    }

    // xl has atoi(3) for them: what is no number is 0.
    private static func number(_ text: String?) -> Int? { text.map { Int($0) ?? 0 } }

    private mutating func vnc(from options: VNC, of key: String) -> XMLElement {
        var listen = options.listen.flatMap { $0.isEmpty ? nil : $0 }
        var display = options.display
        // `127.0.0.1:2` and `[::1]:2`: the display is there, too, and libxl hands the whole to qemu.
        if let text = listen, let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]) {
            let address = text[..<colon]
            if address.hasPrefix("["), address.hasSuffix("]") {
                (listen, display) = (String(address.dropFirst().dropLast()), number)
            } else if !address.contains(":") {
                (listen, display) = (String(address), number)
            }
        }
        if let number = display, !(0...59635).contains(number) {
            note("the display \(number) is none that there is", key, severity: .error)
            display = nil
        }
        let looksForUnused = options.looksForUnused ?? true
        if looksForUnused, let display, display != 0 {
            note(
                "the display \(display) has no form in libvirt XML beside vncunused, which looks for any", key,
                hint: "write vncunused=0")
        }
        return XMLElement(
            "graphics",
            [
                "type": "vnc", "port": looksForUnused ? "-1" : String(5900 + (display ?? 0)),
                "autoport": looksForUnused ? "yes" : "no", "listen": listen,
                "passwd": options.password.flatMap { $0.isEmpty ? nil : $0 },
                "keymap": options.keymap.flatMap { $0.isEmpty ? nil : $0 },
            ],
            [Self.listen(at: listen)])
    }

    private func sdl(display: String?, authority: String?) -> XMLElement {
        XMLElement("graphics", ["type": "sdl", "display": display, "xauth": authority])
    }

    // libvirt writes the address twice, and older clients read the attribute.
    private static func listen(at address: String?) -> XMLElement? {
        address.map { XMLElement("listen", ["type": "address", "address": $0]) }
    }

    private mutating func spice(keymap: String?) -> XMLElement {
        // libxl leaves it to qemu, which listens everywhere; libvirt would take the loopback.
        let host = filledText("spicehost") ?? "0.0.0.0"
        if file["spicehost"] == nil {
            note("there is no \"spicehost\": everyone in the network reaches the display, as with xl", "spice")
        }
        let port = integer("spiceport").flatMap { $0 == 0 ? nil : String($0) }
        let securePort = integer("spicetls_port").flatMap { $0 == 0 ? nil : String($0) }
        if securePort != nil {
            note("\"spicetls_port\" has a form in libvirt XML that its Xen driver does not heed", "spicetls_port")
        }
        var password = filledText("spicepasswd")
        if flag("spicedisable_ticketing") ?? false {
            if password != nil {
                note(
                    "\"spicepasswd\" has no effect beside \"spicedisable_ticketing\", and no form in libvirt XML",
                    "spicepasswd")
                password = nil
            }
        } else if password == nil {
            note(
                "there is no \"spicepasswd\": xl does not start the guest, and libvirt lets anyone see it", "spice",
                hint: "write one, or spicedisable_ticketing = 1", severity: .error)
        }
        let sharesClipboard = flag("spice_clipboard_sharing") ?? false
        if (flag("spicevdagent") ?? false) != sharesClipboard {
            note(
                "\"spicevdagent\" has a form in libvirt XML together with \"spice_clipboard_sharing\" only",
                file["spicevdagent"] == nil ? "spice_clipboard_sharing" : "spicevdagent")
        }
        var content = [
            Self.listen(at: host),
            // What libxl takes if nothing is said.
            XMLElement("mouse", ["mode": flag("spiceagent_mouse") ?? true ? "client" : "server"]),
            XMLElement("clipboard", ["copypaste": sharesClipboard ? "yes" : "no"]),
        ]
        for (key, name, attribute) in [
            ("spice_image_compression", "image", "compression"), ("spice_streaming_video", "streaming", "mode"),
        ] {
            guard let value = filledText(key) else { continue }
            note("\"\(key)\" has a form in libvirt XML that its Xen driver does not heed", key)
            content.append(XMLElement(name, [attribute: value]))
        }
        return XMLElement(
            "graphics",
            [
                "type": "spice", "port": port, "tlsPort": securePort,
                "autoport": port == nil && securePort == nil ? "yes" : "no", "listen": host, "passwd": password,
                "keymap": keymap.flatMap { $0.isEmpty ? nil : $0 },
            ], content)
    }

    /// `<video>`: what libxl gives an HVM guest, where libvirt gives none to one without a display.
    mutating func video(isShown: Bool) -> XMLElement? {
        guard type == .hvm else { return nil }
        let named = filledText("vga")
        let isStandard = flag("stdvga")
        if named != nil, isStandard != nil { note("\"stdvga\" has no effect beside \"vga\"", "stdvga") }
        var card = named ?? (isStandard == true ? "stdvga" : "cirrus")
        let hasNoWindow = flag("nographic") ?? false
        if card == "none" {
            guard isShown else {
                lose("videoram", "has no effect without a card, and no form in libvirt XML")
                return nil
            }
            note("\"vga\" is \"none\", which has no form in libvirt XML beside a display", "vga", hint: "write vnc = 0")
            card = "cirrus"
        }
        if hasNoWindow {
            note("\"nographic\" has a form in libvirt XML without a card and a display only", "nographic")
        }
        if LibvirtWords.videoModels.libvirt(card) == nil {
            note("\"vga\" is \"\(card)\", which has no form in libvirt XML", "vga")
            card = "cirrus"
        }
        let memory = integer("videoram") ?? LibvirtWords.videoMemory[card] ?? 0
        let model: KeyValuePairs<String, String?> = [
            "type": LibvirtWords.videoModels.libvirt(card), "vram": String(max(0, min(memory, 1 << 20)) << 10),
            "heads": "1", "primary": "yes",
        ]
        return XMLElement("video", [:], [XMLElement("model", model)])
    }

    mutating func sounds() -> [XMLElement] {
        guard type == .hvm, let text = filledText("soundhw") else { return [] }
        let models = text.split(separator: ",").map(String.init)
        if models.count > 1 {
            note("\"soundhw\" names several; libvirt's Xen driver gives the guest the first", "soundhw")
        }
        return models.compactMap { name in
            guard let model = LibvirtWords.soundModels.libvirt(name) else {
                note("\"soundhw\" names \"\(name)\", which has no form in libvirt XML", "soundhw")
                return nil
            }
            return XMLElement("sound", ["model": model])
        }
    }

    /// `usbdevice`: pointers of an emulated bus. The driver takes no keyboard (libxl_conf.c, libxlMakeDomBuildInfo),
    /// which its own conversion takes.
    mutating func inputs() -> [XMLElement] {
        guard type == .hvm else { return [] }
        let elements = (oneOrMore("usbdevice") ?? []).compactMap { name -> XMLElement? in
            guard ["tablet", "mouse"].contains(name) else {
                note(
                    "\"usbdevice\" has \"\(name)\", which "
                        + (name == "keyboard" ? "libvirt's Xen driver does not take" : "has no form in libvirt XML"),
                    "usbdevice")
                return nil
            }
            return XMLElement("input", ["type": name, "bus": "usb"])
        }
        // The bus comes with them.
        if !elements.isEmpty { _ = flag("usb") }
        return elements
    }
}
