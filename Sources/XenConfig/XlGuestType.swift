/// The types of guests that xl knows: PVHVM is an HVM guest to it.
enum XlGuestType: String, CaseIterable {
    case pv, pvh, hvm

    /// As messages call it: `PV`.
    var name: String { rawValue.uppercased() }

    /// What xl takes the guest for. It compares as many characters as there are, so that "p" is PV and "" is HVM.
    init(of file: XenConfigFile) throws(XenConfigError) {
        let named = file["type"]?.text
        let builder = file["builder"]?.text
        let isBuiltAsHVM = builder.map("hvm".hasPrefix)
        if let builder, isBuiltAsHVM == false, !"generic".hasPrefix(builder) {
            throw XenConfigError(
                "\"builder\" is \"\(builder)\", no type of guest", position: file.position(of: "builder"))
        }
        guard let named else {
            self = isBuiltAsHVM == true ? .hvm : .pv
            return
        }
        guard let type = [Self.hvm, .pv, .pvh].first(where: { $0.rawValue.hasPrefix(named) }) else {
            throw XenConfigError("\"type\" is \"\(named)\", no type of guest", position: file.position(of: "type"))
        }
        if let isBuiltAsHVM, isBuiltAsHVM != (type == .hvm) || type == .pvh {
            throw XenConfigError(
                "\"builder\" and \"type\" contradict each other", hint: "leave builder out",
                position: file.position(of: "builder"))
        }
        self = type
    }
}
