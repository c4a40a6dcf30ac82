import GuestModel

/// Reads the elements of a domain, and makes assignments of them.
struct LibvirtReader {
    let root: ReadElement
    let version: XenVersion
    let type: XlGuestType
    private let name: String?
    private(set) var entries: [XenConfigFile.Entry] = []
    private(set) var notes: [Problem] = []
    /// Devices of the host, of which some are said to be interfaces.
    var pciDevices: [(text: String, element: ReadElement)] = []

    init(_ root: ReadElement, file name: String?, for version: XenVersion) throws(XenConfigError) {
        self.root = root
        self.name = name
        self.version = version
        func refuse(_ message: String, _ element: ReadElement) -> XenConfigError {
            XenConfigError(message, file: name, position: Self.position(of: element))
        }
        guard root.name == "domain" else { throw refuse("the document is a <\(root.name)>, no libvirt <domain>", root) }
        guard let toolstack = root["type"] else { throw refuse("the domain does not say what it is of (type)", root) }
        guard toolstack == "xen" else { throw refuse("the domain is one of \(toolstack), not of Xen", root) }
        guard let kind = root.child("os")?.child("type") else {
            throw refuse("the domain does not say how it is virtualized (os/type)", root)
        }
        switch (kind.text, kind["machine"]) {
        case ("hvm", _): type = .hvm
        case ("xenpvh", _), ("linux", "xenpvh"), ("xen", "xenpvh"): type = .pvh
        case ("linux", _), ("xen", _): type = .pv
        case (let other, _): throw refuse("the domain is a \"\(other)\", no guest of Xen", kind)
        }
        if type == .pvh, version < XenVersion(4, 10) {
            throw refuse("the domain is a PVH guest, which xl \(version) cannot make", kind)
        }
    }

    mutating func read() throws(XenConfigError) {
        // That of a domain that runs.
        _ = root["id"]
        try readIdentity()
        readSystem()
        readFeatures()
        readProcessor()
        readClock()
        for key in ["on_poweroff", "on_reboot", "on_crash"] {
            if let element = root.child(key) { set(key, element.text, from: element) }
        }
        // A guest without any has them by default, too.
        readDevices(root.child("devices") ?? ReadElement(XMLElement("devices")))
        readSecurityLabel()
        let arguments = root.child("xen:commandline")?.all("xen:arg") ?? []
        setList("device_model_args", arguments.compactMap { argument in argument["value"].map { ($0, argument) } })
        for (what, line) in root.leftovers() {
            notes.append(
                Problem(
                    severity: .warning, message: "\(what) has no form in an xl configuration",
                    position: .init(line: line, column: 1)))
        }
    }

    // MARK: entries

    static func position(of element: ReadElement) -> XenConfigError.Position { .init(line: element.line, column: 1) }

    mutating func set(_ key: String, _ text: String, from element: ReadElement) {
        set(key, .string(text), from: element)
    }

    mutating func set(_ key: String, _ number: Int, from element: ReadElement) {
        // xl's numbers have no sign, but it reads them in strings, too.
        set(key, number < 0 ? .string(String(number)) : .number(String(number)), from: element)
    }

    mutating func setList(_ key: String, _ items: [(text: String, element: ReadElement)]) {
        setList(key, items.map { .string($0.text) }, from: items.first?.element)
    }

    mutating func setList(_ key: String, _ values: [XenConfigValue], from element: ReadElement?) {
        guard let element, !values.isEmpty else { return }
        set(key, .list(values), from: element)
    }

    private mutating func set(_ key: String, _ value: XenConfigValue, from element: ReadElement) {
        let shape = XenConfigKeys.shape(of: key, in: version)
        guard let shape, value.items == nil || shape.contains(.list) else {
            let what = shape == nil ? "is no key" : "may be no list in a configuration"
            note("\"\(key)\", which would say it, \(what) of xl \(version)", element)
            return
        }
        entries.append(.init(key, .set, value, at: Self.position(of: element)))
    }

    // MARK: notes

    mutating func note(
        _ message: String, _ element: ReadElement, hint: String? = nil, severity: Problem.Severity = .warning
    ) {
        notes.append(
            Problem(severity: severity, message: message, hint: hint, position: Self.position(of: element)))
    }

    /// Says that an element has no form, and takes it for read with all that is in it.
    mutating func lose(
        _ element: ReadElement, _ what: String, hint: String? = nil, severity: Problem.Severity = .warning
    ) {
        element.pass()
        note("\(what) has no form in an xl configuration", element, hint: hint, severity: severity)
    }

    /// An error of the document.
    func refusal(_ message: String, _ element: ReadElement) -> XenConfigError {
        XenConfigError(message, file: name, position: Self.position(of: element))
    }
}
