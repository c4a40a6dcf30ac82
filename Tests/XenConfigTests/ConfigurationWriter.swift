import TestSupport

/// Texts that may be configurations, most of them nearly.
struct ConfigurationWriter {
    private var random: Seeded

    init(seed: UInt64) { random = Seeded(state: seed) }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func any<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    private mutating func some(_ most: Int, _ make: (inout Self) -> String) -> String {
        var text = ""
        for _ in 0..<below(most + 1) { text += make(&self) }
        return text
    }

    /// One that libxlu should read, with all that its grammar has.
    mutating func configuration() -> String {
        var text = some(8) { writer in
            switch writer.below(10) {
            case 0: "\n"
            case 1: writer.space() + "# " + writer.any(["a comment", "it's", "x = [", "\u{1F4A9}", ""]) + "\n"
            case 2: writer.space() + ";"
            default: writer.assignment() + writer.any(["\n", "\n", "\n", ";", " # why\n", " ;\n", "#\n"])
            }
        }
        if below(4) == 0 { text += assignment() }
        return text
    }

    private mutating func space() -> String { any(["", "", " ", "  ", "\t", " \t "]) }

    private mutating func assignment() -> String {
        // Few keys, so that some are set again.
        let key = any(["name", "memory", "disk", "vif", "a", "b", "on_crash", "x.y_1", "a0", "cpus"])
        return space() + key + space() + any(["=", "=", "=", "+="]) + space() + value(0) + space()
    }

    private mutating func value(_ depth: Int) -> String {
        switch below(depth > 3 ? 4 : 6) {
        case 0: return any(["0", "1", "512", "0x1f", "010", "1e3", "9fx", "00"])
        case 1, 2, 3: return string()
        default:
            let lines = { (writer: inout Self) in writer.any(["", "", " ", "\n", "\n  ", " # c\n", "\n\n"]) }
            var text = "[" + lines(&self)
            let count = below(4)
            for index in 0..<count {
                text += value(depth + 1) + lines(&self)
                if index + 1 < count || below(3) == 0 { text += "," + lines(&self) }
            }
            return text + "]"
        }
    }

    private mutating func string() -> String {
        let quote = any(["'", "\""])
        let other = quote == "'" ? "\"" : "'"
        return quote
            + some(6) { writer in
                writer.any([
                    "web1", "phy:/dev/vg0/x", ",xvda,w", " ", "#", ";", "=", "[", other, "\\\(quote)", "\\\\", "\\n",
                    "\\a\\b\\f\\r\\t\\v", "é", "\t", "\\012", "\\0 +5", "\\377", "\\3-1", "\u{1}",
                    // Most of what has one of these is refused.
                    writer.below(8) == 0 ? writer.any(["\\07", "\\1", "\\7\\n", "\\x41", "\\q"]) : "y",
                ])
            } + quote
    }

    /// The same, damaged.
    mutating func mutated() -> [UInt8] {
        var bytes = Array(configuration().utf8)
        for _ in 0...below(4) {
            let place = below(bytes.count + 1)
            switch below(6) {
            case 0 where place < bytes.count: bytes.remove(at: place)
            case 1 where place < bytes.count: bytes[place] = damage()
            case 2: bytes.removeSubrange(place...)
            case 3 where place < bytes.count:
                let end = min(bytes.count, place + 1 + below(8))
                bytes.insert(contentsOf: bytes[place..<end], at: below(bytes.count + 1))
            case 4 where place + 1 < bytes.count: bytes.swapAt(place, place + 1)
            default: bytes.insert(damage(), at: place)
            }
        }
        return bytes
    }

    private mutating func damage() -> UInt8 {
        below(4) == 0
            ? UInt8(below(256)) : any(Array("'\"\\#[],;=+\n\t \r\0aZ09x.:(-{_".utf8))
    }

    /// Pieces of the grammar in any order.
    mutating func soup() -> String {
        some(9) { writer in
            writer.any([
                "a", "disk", "=", "=", "+=", "[", "]", ",", ";", "\n", "\n", " ", "\t", "#", "'", "\"", "'x'", "\"y\"",
                "\\",
                "\\n", "x", "0", "1", "0x1f", "é", "\r", "\0", "True", "a=1\n", "b=[1]\n", "a+='z'\n", "\n#", "+", "-",
                ".", "#c\n",
            ])
        }
    }

    /// A string of the disk list, with all that xl-disk-configuration(5) has, and with less sense.
    mutating func disk() -> String {
        let pieces = [
            "phy:", "file:", "raw:", "qcow2:", "tap:", "tap2:", "aio:", "tapdisk:", "iscsi:", "nbd:", "enbd:", "drbd:",
            "ioemu:", "x:",
            "/dev/vg0/x", "/p", "/a b", "xvda", "hda", "hdc:cdrom", "sda1:disk", "xvdb:floppy", ",", ",", ",", ",", " ",
            "\t", "raw",
            "qcow", "qcow2", "vhd", "qed", "empty", "w", "r", "ro", "rw", "format=raw", "format=", "format=qcow2",
            "format=bad", "vdev=xvda",
            "vdev=", "vdev=hdc", "access=ro", "access=w", "access=", "access=x", "devtype=cdrom", "devtype=disk",
            "devtype=tape", "cdrom",
            "backendtype=phy", "backendtype=qdisk", "backendtype=", "backend=dom1", "script=block-x", "script=",
            "target=/t", "target=",
            "target=/t,u", "direct-io-safe", "discard", "no-discard", "colo", "trusted", "untrusted",
            "specification=xen", "specification=x",
            "unknown=1", "unknown=12", "=", ":",
        ]
        if below(3) > 0 {
            // One that makes sense.
            var parts = some(4) { $0.any(pieces.filter { $0.count > 2 && $0.first != ":" && $0.last != ":" }) + "," }
            parts = "vdev=xvd\(any(["a", "b"])), " + parts + any(["target=/t", "", "target=/dev/x,"])
            return below(2) == 0
                ? parts
                : any(["phy:", "file:", "", "raw:"]) + "/dev/x," + any(["xvda", "raw,xvda", "hdc:cdrom"])
                    + any(["", ",w", ",r", ","])
        }
        return some(8) { $0.any(pieces) }
    }
}
