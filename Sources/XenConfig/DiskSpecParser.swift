import GuestModel

/// Reads a disk string by the rules of libxlu_disk_l.l, whose lexer takes the rule that matches most and, of equals,
/// the first.
///
/// It refuses more where xl's reading could not be meant: no or an empty device of the guest, which libxl refuses later,
/// a line break that stands behind no comma, at which the scanner may end xl, and `grant_usage` that runs into the next word.
struct DiskSpecParser {
    private let specification: String
    private let bytes: [UInt8]
    private var index = 0
    private var disk = DiskSpec()
    private var format: DiskSpec.Format?
    private var vdev: String?
    private var isAccessSet = false

    private let version: XenVersion

    init(_ text: String, for version: XenVersion) {
        specification = text
        self.version = version
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(XenConfigError) -> DiskSpec {
        guard !bytes.contains(0) else { throw error("it holds a NUL") }
        for place in bytes.indices where bytes[place] == UInt8(ascii: "\n") {
            let last = bytes[..<place].last { !isSpace($0) }
            guard last == nil || last == UInt8(ascii: ",") else { throw error("a line break stands behind no comma") }
        }
        while index < bytes.count {
            if isSpace(bytes[index]) { index += 1 } else { try parameter() }
        }
        if disk.isCDROM {
            disk.access = .readOnly
            if (disk.target ?? "").isEmpty { format = .empty }
        }
        guard let vdev, !vdev.isEmpty else {
            throw error("it names no device of the guest", hint: "add vdev=xvda1")
        }
        guard disk.target != nil || disk.isCDROM else {
            throw error("it has no target", hint: "add target= and the file or device, at the end")
        }
        disk.vdev = vdev
        disk.format = format ?? .raw
        if disk.format == .empty, disk.target == "" { disk.target = nil }
        return disk
    }

    private mutating func parameter() throws(XenConfigError) {
        let rest = bytes[index...]
        // What a positional parameter would take: everything up to a comma, and never an equals sign.
        let plain = rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
        let stop = plain.endIndex < bytes.endIndex ? bytes[plain.endIndex] : UInt8(ascii: ",")
        let word = String(decoding: plain, as: UTF8.self)
        if stop == UInt8(ascii: "="), Self.keys.contains(word), isKnown(word) { return try assignment(to: word) }
        if let prefix = prefix(of: rest) { return try deprecated(prefix) }
        guard stop == UInt8(ascii: ",") else {
            throw error(
                "\"\(word)\" is not a parameter of a disk",
                hint: "parameters are separated by commas; a target with = or , in it must stand last as target="
            )
        }
        index = min(plain.endIndex + 1, bytes.count)
        if word == "cdrom" {
            disk.isCDROM = true
        } else if Self.flags.contains(word), isKnown(word) {
            disk.others.append(word)
        } else {
            try positional(word)
        }
    }

    private static let keys = [
        "format", "devtype", "access", "backend", "backendtype", "specification", "vdev", "script", "target",
        "colo-host",
        "colo-port", "colo-export", "active-disk", "hidden-disk", "grant_usage",
    ]

    /// Where the scanner that is in a release's tree took a word first. That of 4.17 and 4.18 was not made anew from its
    /// rules, and so knows no `trusted`, which xl-disk-configuration(5) has there.
    private static let since: [String: XenVersion] = [
        "direct-io-safe": XenVersion(4, 5), "discard": XenVersion(4, 5), "no-discard": XenVersion(4, 5),
        "colo": XenVersion(4, 8), "no-colo": XenVersion(4, 8), "colo-host": XenVersion(4, 8),
        "colo-port": XenVersion(4, 8), "colo-export": XenVersion(4, 8), "active-disk": XenVersion(4, 8),
        "hidden-disk": XenVersion(4, 8), "specification": XenVersion(4, 17), "trusted": XenVersion(4, 19),
        "untrusted": XenVersion(4, 19), "grant_usage": XenVersion(4, 19),
    ]

    private func isKnown(_ word: String) -> Bool { Self.since[word].map { $0 <= version } ?? true }

    private static let flags = [
        "direct-io-safe", "discard", "no-discard", "colo", "no-colo", "trusted", "untrusted",
    ]

    private mutating func assignment(to key: String) throws(XenConfigError) {
        let start = index + key.utf8.count + 1
        if key == "target" {
            // It takes the rest of the line, and one comma at its end is lost.
            var value = bytes[start...]
            index = value.endIndex
            if value.last == UInt8(ascii: ",") { value.removeLast() }
            return try save(String(decoding: value, as: UTF8.self), to: \.target, "target")
        }
        let value = bytes[start...].prefix { $0 != UInt8(ascii: ",") }
        index = min(value.endIndex + 1, bytes.count)
        let text = String(decoding: value, as: UTF8.self)
        switch key {
        case "format": try setFormat(text)
        case "access": try setAccess(text)
        case "vdev": try setVdev(text)
        case "backend": try save(text, to: \.backend, "backend")
        case "script": try save(text, to: \.script, "script")
        case "backendtype":
            let types = ["phy", "tap", "qdisk"] + (version >= XenVersion(4, 17) ? ["standalone"] : [])
            try choose(text, of: types, for: \.backendType, key)
        case "specification": try choose(text, of: ["xen", "virtio"], for: \.specification, key)
        case "devtype":
            guard ["cdrom", "disk"].contains(text) else { throw error("\"\(text)\" is not a type of device") }
            disk.isCDROM = text == "cdrom"
        case "grant_usage":
            guard ["0", "1"].contains(text) else { throw error("grant_usage is 0 or 1, not \"\(text)\"") }
            disk.others.append("\(key)=\(text)")
        default: disk.others.append("\(key)=\(text)")
        }
    }

    /// The deprecated prefix at this place, without its colon.
    private func prefix(of rest: ArraySlice<UInt8>) -> String? {
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let word = rest[..<colon]
        guard let first = word.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            word.allSatisfy({ Self.isLetterOrDigit($0) })
        else { return nil }
        let text = String(decoding: word, as: UTF8.self)
        if Self.prefixes.contains(text) { return text }
        // `hda:cdrom` is a device and its type; only what no such type follows counts as an unknown prefix.
        return colon + 1 < rest.endIndex && Self.isLetterOrDigit(rest[colon + 1]) ? nil : text
    }

    private static let formats = ["raw", "qcow", "qcow2", "vhd"]
    private static let scripts = ["iscsi", "nbd", "enbd", "drbd"]
    private static let prefixes =
        formats + scripts + ["tapdisk", "tap", "tap2", "aio", "ioemu", "file", "phy"]

    private mutating func deprecated(_ prefix: String) throws(XenConfigError) {
        guard Self.prefixes.contains(prefix) else { throw error("\"\(prefix):\" is not a prefix of a disk") }
        index += prefix.utf8.count + 1
        disk.hasDeprecatedPrefix = true
        if Self.formats.contains(prefix) { try setFormat(prefix) }
        if Self.scripts.contains(prefix) { try save("block-\(prefix)", to: \.script, "script") }
    }

    private mutating func positional(_ text: String) throws(XenConfigError) {
        if disk.target == nil {
            disk.target = text
        } else if !disk.hasDeprecatedPrefix && format == nil {
            // `,hdc:cdrom` is an empty drive: no target, no format, then the device.
            if disk.target == "", let colon = text.lastIndex(of: ":") {
                try setDeviceAndType(text, colon: colon)
                format = .empty
            } else {
                try setFormat(text)
            }
        } else if vdev == nil {
            if let colon = text.lastIndex(of: ":") {
                try setDeviceAndType(text, colon: colon)
            } else {
                try setVdev(text)
            }
        } else if !isAccessSet {
            isAccessSet = true
            try setAccess(text)
        } else {
            throw error("\"\(text)\" is one parameter too many")
        }
    }

    private mutating func setDeviceAndType(_ text: String, colon: String.Index) throws(XenConfigError) {
        try setVdev(String(text[..<colon]))
        switch text[text.index(after: colon)...] {
        case "cdrom": disk.isCDROM = true
        case "disk": disk.isCDROM = false
        case let type: throw error("\"\(type)\" is not a type of device")
        }
    }

    private mutating func setFormat(_ text: String) throws(XenConfigError) {
        guard let known = text.isEmpty ? .raw : DiskSpec.Format(rawValue: text),
            known != .qed || version >= XenVersion(4, 9)
        else {
            let qed = version >= XenVersion(4, 9) ? ", qed" : ""
            throw error("\"\(text)\" is not a format", hint: "known are raw, qcow, qcow2, vhd\(qed) and empty")
        }
        guard format == nil || format == known else { throw error("it has two formats") }
        format = known
    }

    private mutating func setAccess(_ text: String) throws(XenConfigError) {
        switch text {
        case "r", "ro": disk.access = .readOnly
        case "rw", "w", "": disk.access = .readWrite
        default: throw error("\"\(text)\" is not a kind of access", hint: "write ro or rw")
        }
    }

    private mutating func setVdev(_ text: String) throws(XenConfigError) {
        guard (vdev ?? "").isEmpty else { throw error("it has two devices of the guest") }
        vdev = text
    }

    private mutating func save(
        _ text: String,
        to field: WritableKeyPath<DiskSpec, String?>,
        _ name: String
    ) throws(XenConfigError) {
        guard (disk[keyPath: field] ?? "").isEmpty else {
            // A parameter that the release does not know is a positional one to it.
            let hint = disk.target.flatMap { word in
                Self.since[word].map {
                    "\"\(word)\" is a parameter since Xen \($0); xl \(version) takes it for the target"
                }
            }
            throw error("it has two values of \(name)", hint: hint)
        }
        disk[keyPath: field] = text
    }

    private mutating func choose(
        _ text: String,
        of known: [String],
        for field: WritableKeyPath<DiskSpec, String?>,
        _ name: String
    ) throws(XenConfigError) {
        guard known.contains(text) else {
            throw error("\"\(text)\" is not a \(name)", hint: "known are \(known.joined(separator: ", "))")
        }
        guard disk[keyPath: field] == nil || disk[keyPath: field] == text else {
            throw error("it has two values of \(name)")
        }
        disk[keyPath: field] = text
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private func error(_ reason: String, hint: String? = nil) -> XenConfigError {
        XenConfigError("the disk \"\(specification)\" cannot be read: \(reason)", hint: hint)
    }
}
