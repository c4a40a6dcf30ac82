/// Displays and cards (libxl_conf.c, libxlMakeVfb, libxlMakeBuildInfoVfb and libxlMakeVideo).
extension LibvirtReader {
    mutating func readGraphics(_ graphics: [ReadElement], videos: [ReadElement]) {
        if type == .hvm {
            readFullGraphics(graphics)
            readVideo(videos, isShown: !graphics.isEmpty)
            return
        }
        // The card of a PV guest is its framebuffer.
        for video in videos {
            if video.child("model")?["type"] == "xen" {
                video.pass()
            } else {
                lose(video, "a video card of a PV guest")
            }
        }
        var items: [(text: String, element: ReadElement)] = []
        for element in graphics {
            let words: [(String, String)]
            switch element["type"] {
            case "vnc": words = [("vnc", "1")] + vnc(element)
            case "sdl": words = [("vnc", "0"), ("sdl", "1")] + sdl(element)
            case let kind:
                lose(element, "a display of the type \"\(kind ?? "")\"")
                continue
            }
            guard words.allSatisfy({ !$0.1.contains(",") }) else {
                lose(element, "a display with a comma in what is said of it")
                continue
            }
            items.append((words.map { "\($0.0)=\($0.1)" }.joined(separator: ","), element))
        }
        setList("vfb", items)
    }

    private mutating func readFullGraphics(_ graphics: [ReadElement]) {
        var kinds: Set<String> = []
        for element in graphics {
            let kind = element["type"] ?? ""
            guard ["vnc", "sdl", "spice"].contains(kind), kinds.insert(kind).inserted else {
                lose(element, "a display of the type \"\(kind)\", or one more of it,")
                continue
            }
            switch kind {
            case "vnc":
                set("vnc", 1, from: element)
                for (key, value) in vnc(element) { setWord(key, value, from: element) }
            case "sdl":
                set("sdl", 1, from: element)
                for (key, value) in sdl(element) { set(key, value, from: element) }
            default: readSpice(element)
            }
        }
        // An HVM guest of xl has one unless it is said that it has none.
        if !kinds.contains("vnc") { set("vnc", 0, from: graphics.first ?? root) }
    }

    private mutating func setWord(_ key: String, _ value: String, from element: ReadElement) {
        if ["vncdisplay", "vncunused"].contains(key), let number = Int(value) {
            set(key, number, from: element)
        } else {
            set(key, value, from: element)
        }
    }

    private func vnc(_ element: ReadElement) -> [(String, String)] {
        var words: [(String, String)] = []
        let port = element["port"].flatMap { Int($0) } ?? -1
        let display = isOn(element["autoport"]) || port < 5900 ? nil : port - 5900
        let address = address(of: element)
        let isIPv6 = address?.contains(":") == true
        // Where there is a colon, libxl looks for the display behind it.
        if let address { words.append(("vnclisten", isIPv6 ? "[\(address)]:\(display ?? 0)" : address)) }
        words.append(("vncunused", display == nil ? "1" : "0"))
        if let display, !isIPv6 { words.append(("vncdisplay", String(display))) }
        if let password = element["passwd"] { words.append(("vncpasswd", password)) }
        if let keymap = element["keymap"] { words.append(("keymap", keymap)) }
        return words
    }

    private func sdl(_ element: ReadElement) -> [(String, String)] {
        [("display", element["display"]), ("xauthority", element["xauth"])].compactMap { key, value in
            value.map { (key, $0) }
        }
    }

    /// libvirt writes the address twice.
    private func address(of element: ReadElement) -> String? {
        let listen = element.child("listen")
        let kind = listen?["type"]
        let inner = kind == "address" ? listen?["address"] : nil
        let outer = element["listen"]
        return inner ?? outer
    }

    private mutating func readSpice(_ element: ReadElement) {
        set("spice", 1, from: element)
        // Where libvirt listens if nothing is said, and qemu does not.
        set("spicehost", address(of: element) ?? "127.0.0.1", from: element)
        let port = element["port"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let securePort = element["tlsPort"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        if let port { set("spiceport", port, from: element) }
        if let securePort { set("spicetls_port", securePort, from: element) }
        _ = element["autoport"]
        if port == nil, securePort == nil {
            note("a spice display without a port has no form in an xl configuration", element, hint: "give it one")
        }
        if let password = element["passwd"] {
            set("spicepasswd", password, from: element)
        } else {
            set("spicedisable_ticketing", 1, from: element)
        }
        if let keymap = element["keymap"] { set("keymap", keymap, from: element) }
        if let mode = element.child("mouse")?["mode"] {
            set("spiceagent_mouse", mode == "server" ? 0 : 1, from: element)
        }
        if isOn(element.child("clipboard")?["copypaste"]) {
            set("spicevdagent", 1, from: element)
            set("spice_clipboard_sharing", 1, from: element)
        }
        if let word = element.child("image")?["compression"] { set("spice_image_compression", word, from: element) }
        if let word = element.child("streaming")?["mode"] { set("spice_streaming_video", word, from: element) }
    }

    private mutating func readVideo(_ videos: [ReadElement], isShown: Bool) {
        for other in videos.dropFirst() { lose(other, "a video card beside the first") }
        guard let video = videos.first else {
            // libvirt gives a card to a guest with a display, and to no other.
            if !isShown {
                set("nographic", 1, from: root)
                set("vga", "none", from: root)
            }
            return
        }
        let model = video.child("model")
        let kind = model?["type"] ?? "cirrus"
        // The driver takes that of a PV guest for a standard one.
        let word = kind == "xen" ? "stdvga" : LibvirtWords.videoModels.xl(kind)
        _ = model?["primary"]
        if let model, let heads = model["heads"], heads != "1" {
            note("\(heads) heads of a video card have no form in an xl configuration", model)
        }
        guard let word else {
            lose(video, "a video card of the type \"\(kind)\"", severity: .error)
            return
        }
        set("vga", word, from: video)
        if let memory = model?["vram"].flatMap(number) {
            set("videoram", memory / 1024 + (memory % 1024 == 0 ? 0 : 1), from: video)
        }
        // qxl has these beside; libxl sets them itself.
        if word == "qxl" { _ = (model?["ram"], model?["vgamem"]) }
    }
}
