import GuestModel

/// The strings of the lists of devices, beside those of disks and interfaces.
extension ConfigurationCheck {
    mutating func checkDevices() {
        for key in DeviceGrammar.keys where XenConfigKeys.shape(of: key, in: version) != nil && file[key] != nil {
            guard let grammar = DeviceGrammar.grammar(of: key, in: version) else { continue }
            for text in allStrings(of: key) {
                var reading = grammar.read(key == "virtio" ? virtioWithoutType(text) : text, of: key, for: version)
                // A string of which something is not understood says enough of itself.
                if reading.complaints.isEmpty { reading.complaints = shortcomings(of: reading, of: key) }
                if key == "virtio" { reading.complaints += complaintsAboutVirtioType(text) }
                // A vfb may hold a password.
                let name = key == "vfb" ? "a vfb" : "the \(key) \"\(text)\""
                add(reading.complaints, about: name, key: key)
            }
        }
        if XenConfigKeys.shape(of: "pci", in: version) != nil { checkPCI() }
        if XenConfigKeys.shape(of: "vsnd", in: version) != nil { checkSound() }
    }

    // Each repeats the string, which may be long and wrong all over: nobody reads more of them.
    private mutating func add(_ complaints: [String], about name: String, key: String) {
        for complaint in complaints.prefix(8) { add(.error, "in \(name): \(complaint)", key: key) }
    }

    /// What xl, or libxl a moment later, misses or refuses.
    private func shortcomings(of device: DeviceGrammar.Reading, of key: String) -> [String] {
        switch key {
        case "channel": channelShortcomings(of: device)
        case "p9": fileSystemShortcomings(of: device)
        case "vdispl": displayShortcomings(of: device)
        case "vkb": keyboardShortcomings(of: device)
        case "vtpm": device["backend"] == nil ? ["it has no backend, the domain of the vTPM"] : []
        default: []
        }
    }

    private func channelShortcomings(of channel: DeviceGrammar.Reading) -> [String] {
        guard let connection = channel["connection"] else { return ["it has no connection: pty or socket"] }
        guard ["pty", "socket"].contains(connection) else {
            return ["connection is \"\(connection)\"; xl knows pty, socket"]
        }
        if connection == "socket", channel["path"] == nil { return ["a socket needs a path"] }
        // libxl__init_console_from_channel
        return channel["name"] == nil ? ["it has no name, by which the guest would find it"] : []
    }

    private func fileSystemShortcomings(of device: DeviceGrammar.Reading) -> [String] {
        // libxl__device_p9_setdefault, which has defaults for a daemon of Xen's own.
        let isDaemon = device["type"]?.lowercased() == "xen_9pfsd"
        let needed = isDaemon ? ["security_model"] : ["path", "security_model", "tag"]
        let missing = needed.filter { device[$0] == nil }.map { "it has no \($0)" }
        guard !isDaemon else { return missing }
        let limits = ["max-files", "max-open-files", "max-space", "auto-delete"].filter {
            var scanner = NumberScanner(device[$0] ?? "0")
            return scanner.unsigned(radix: 0) ?? 0 != 0
        }
        return missing + limits.map { "\($0) needs type=xen_9pfsd" }
    }

    private func displayShortcomings(of device: DeviceGrammar.Reading) -> [String] {
        let connectors = (device["connectors"] ?? "").split(separator: ";")
        guard !connectors.isEmpty else { return ["it has no connectors, of which it needs one"] }
        return connectors.compactMap { connector in
            var scanner = NumberScanner(connector.drop { $0 != ":" }.dropFirst())
            guard connector.contains(":"), scanner.unsigned(radix: 10) != nil, scanner.skip("x"),
                scanner.unsigned(radix: 10) != nil
            else { return "the connector \"\(connector)\" is not of the form id:WIDTHxHEIGHT" }
            return nil
        }
    }

    private func keyboardShortcomings(of device: DeviceGrammar.Reading) -> [String] {
        func number(_ name: String) -> UInt64 {
            var scanner = NumberScanner(device[name] ?? "")
            return scanner.unsigned(radix: 0) ?? 0
        }
        if (device["backend-type"] ?? "unknown").lowercased() == "unknown" {
            return ["it has no backend-type: qemu or linux"]
        }
        let sizes = ["multi-touch-width", "multi-touch-height", "multi-touch-num-contacts"]
        if number("feature-multi-touch") != 0, sizes.allSatisfy({ number($0) == 0 }) {
            return ["feature-multi-touch needs \(sizes.joined(separator: ", "))"]
        }
        return []
    }

    // MARK: virtio

    /// The type of a virtio device has a comma in it, for which xl takes the next word to it (parse_virtio_list).
    private func virtioWithoutType(_ text: String) -> String {
        var kept: [Substring] = []
        var isOfType = false
        for word in text.split(separator: ",") {
            if isOfType {
                isOfType = false
            } else if Self.isVirtioType(word) {
                isOfType = true
            } else {
                kept.append(word)
            }
        }
        return kept.joined(separator: ",")
    }

    private func complaintsAboutVirtioType(_ text: String) -> [String] {
        let words = text.split(separator: ",")
        guard let index = words.firstIndex(where: Self.isVirtioType) else { return [] }
        guard index + 1 < words.count else {
            return ["nothing follows \"\(words[index])\", at which xl crashes; write type=virtio,device1a"]
        }
        return words[index + 1].contains("=")
            ? ["xl takes \"\(words[index]),\(words[index + 1])\" for the type; write type=virtio,device1a"] : []
    }

    private static func isVirtioType(_ word: Substring) -> Bool {
        word.drop { $0 == " " }.hasPrefix("type=virtio")
    }

    // MARK: devices of the host

    private mutating func checkPCI() {
        for text in allStrings(of: "pci") {
            do {
                let device = try PCISpec(parsing: text, for: version)
                add(device.complaints, about: "the pci device \"\(text)\"", key: "pci")
            } catch {
                add(.error, "in the pci device \"\(text)\": \(error.message)", key: "pci", hint: error.hint)
            }
        }
    }

    // MARK: sound cards

    /// parse_vsnd_config and what it calls.
    private mutating func checkSound() {
        for card in file["vsnd"]?.items ?? [] {
            guard let items = card.items else {
                add(.error, "a card in \"vsnd\" is no list", key: "vsnd", hint: "write [ [ \"card\", ... ], ... ]")
                continue
            }
            for text in items.prefix(while: { $0.text != nil }).compactMap(\.text) {
                let words = text.split(separator: ",")
                guard let first = words.first.map({ $0.drop { $0 == " " } }) else { continue }
                guard let grammar = DeviceGrammar.soundItems[first.lowercased()] else {
                    add(
                        .error, "in the vsnd \"\(text)\": it begins with \"\(first)\"", key: "vsnd",
                        hint: "xl knows card, pcm, stream")
                    continue
                }
                let reading = grammar.read(words.dropFirst().joined(separator: ","), of: "vsnd", for: version)
                add(
                    reading.complaints + formatComplaints(reading), about: "the vsnd \"\(text)\"", key: "vsnd")
            }
        }
    }

    private func formatComplaints(_ item: DeviceGrammar.Reading) -> [String] {
        var complaints: [String] = []
        for name in ["sample-rates", "sample-formats"] {
            guard let values = item[name]?.split(separator: ";") else { continue }
            if values.isEmpty { complaints.append("\(name) is empty, at which xl crashes") }
            for value in values {
                if name == "sample-formats" {
                    guard !DeviceGrammar.soundFormats.contains(value.lowercased()) else { continue }
                    complaints.append("\"\(value)\" is no sample format")
                } else if let complaint = DeviceGrammar.complaint(about: String(value), .number(radix: 0)) {
                    complaints.append("a sample rate is \"\(value)\"\(complaint)")
                }
            }
        }
        return complaints
    }
}
