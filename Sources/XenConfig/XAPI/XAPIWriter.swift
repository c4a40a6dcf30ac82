import GuestModel

/// Writes the records of a guest in xapi's database, as one that has exported it would.
struct XAPIWriter: Translation {
    static let form = "an XVA archive"

    let file: XenConfigFile
    let whole: XenConfigFile
    let version: XenVersion
    let type: XlGuestType
    var notes: [Problem] = []
    var taken: Set<String> = ["type", "builder"]
    private(set) var disks: [XAPIAppliance.Disk] = []
    private let uuid: () -> String
    private var objects: [XAPIValue] = []

    /// Keys that mean something to some guests only, each with those that have a form.
    static let limited: [String: [XlGuestType]] = [
        "acpi": [.hvm], "apic": [.hvm], "bios": [.hvm], "boot": [.hvm], "bootloader": [.pv, .pvh], "firmware": [.hvm],
        "hpet": [.hvm], "nestedhvm": [.hvm], "nx": [.hvm], "pae": [.hvm], "stdvga": [.hvm], "vga": [.hvm],
        "videoram": [.hvm], "viridian": [.hvm],
    ]

    init(_ file: XenConfigFile, for version: XenVersion, uuid: @escaping () -> String) throws(XenConfigError) {
        whole = file
        self.file = file.known(to: version)
        self.version = version
        self.uuid = uuid
        type = try XlGuestType(of: self.file)
    }

    mutating func appliance(sizeOf: (String) throws -> Int64) throws -> XAPIValue {
        let guest = identifier()
        let machine = try machine()
        add("VM", guest, uuid: ownIdentifier(), machine)
        try addDisks(of: guest, sizeOf: sizeOf)
        addInterfaces(of: guest)
        noteTheRest()
        return .map([("version", Self.release), ("objects", .list(objects))])
    }

    /// Those that wrote the archive. xapi compares its own number with this one and refuses what is newer: 1.0 is older than
    /// all. 2 says that each part of a disk is followed by its checksum (importexport.ml, assert_compatible; Xapi_globs).
    private static let release = XAPIValue.map([
        ("hostname", .text("domus")), ("date", .text("0")), ("product_version", .text("0")),
        ("product_brand", .text("Domus")), ("build_number", .text("0")), ("xapi_major", .number(1)),
        ("xapi_minor", .number(0)), ("export_vsn", .number(2)),
    ])

    /// One that the configuration names is the guest's own; xapi looks at it in an import that preserves.
    private mutating func ownIdentifier() -> String? {
        guard let uuid = filledText("uuid") else { return nil }
        guard GuestConfiguration.isUUID(uuid) else {
            note("\"uuid\" is \"\(uuid)\", no UUID", "uuid", severity: .error)
            return nil
        }
        return uuid.lowercased()
    }

    // MARK: objects

    /// Of one width: xapi expects the disks in the order of the names that their parts have.
    private var numbers = 0

    mutating func identifier() -> String {
        numbers += 1
        let digits = String(numbers)
        return "Ref:" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// - Parameter record: without the UUID that each has.
    mutating func add(
        _ objectClass: String, _ identifier: String, uuid own: String? = nil,
        _ record: [(name: String, value: XAPIValue)]
    ) {
        objects.append(
            .map([
                ("class", .text(objectClass)), ("id", .text(identifier)),
                ("snapshot", .map([("uuid", .text(own ?? uuid()))] + record)),
            ]))
    }

    mutating func add(_ disk: XAPIAppliance.Disk) { disks.append(disk) }

    static let nothing = XAPIValue.text("OpaqueRef:NULL")
}
