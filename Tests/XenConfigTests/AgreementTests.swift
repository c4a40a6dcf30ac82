import GuestModel
import SystemPackage
import TestSupport
import Testing
import XenConfig

/// What libxlu itself, the parser of xl, makes of a text.
struct Oracle {
    private let program: FilePath
    private let directory: TemporaryDirectory

    static var isHere: ConditionTrait {
        .enabled(if: fileExists("/usr/include/libxlutil.h"), "compares with libxlu: needs libxen-dev")
    }

    init() async throws {
        directory = try TemporaryDirectory("libxlu")
        program = directory("libxlu")
        let source = FilePath(#filePath).removingLastComponent().pushing("../Oracles/libxlu.c")
        try await run(
            "clang", ["-Wall", "-Werror", "-O1", "-o", program.string, source.string, "-lxlutil", "-lxenlight"]
        ).orThrow()
    }

    /// The release that it is of.
    func version() async throws -> XenVersion {
        let outcome = try await run("dpkg-query", ["-W", "-f", "${Version}", "libxen-dev"]).orThrow()
        return try #require(XenVersion(outcome.standardOutput))
    }

    /// - Parameter kind: C for configurations, D for strings of the disk list.
    func answers(to texts: [[UInt8]], kind: Character) async throws -> [Reading] {
        let requests = directory("requests")
        try writeFile(requests, texts.flatMap { Array("\(kind)\($0.count)\n".utf8) + $0 })
        let outcome = try await run("sh", ["-c", "exec \"$1\" <\"$2\"", "sh", program.string, requests.string])
            .orThrow()
        return outcome.standardOutput.split(separator: "\n").map(Reading.init(answer:))
    }
}

/// What a parser makes of a text.
enum Reading: Equatable, CustomStringConvertible {
    case refused
    case read([String: String])

    /// A crash of libxlu's is worth a refusal.
    init(answer: Substring) {
        let words = answer.split(separator: " ")
        guard words.first == "read" else {
            self = .refused
            return
        }
        self = .read(
            Dictionary(
                words.dropFirst().map { word in
                    let equals = word.firstIndex(of: "=") ?? word.startIndex
                    return (String(word[..<equals]), String(word[word.index(after: equals)...]))
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// The same for Domus' parser.
    init(configuration bytes: [UInt8], for version: XenVersion) {
        guard let file = try? XenConfigFile(parsing: bytes, for: version) else {
            self = .refused
            return
        }
        var values: [String: String] = [:]
        for entry in file.entries { values[entry.key] = file[entry.key].map(Self.text) }
        self = .read(values)
    }

    /// The same for Domus' parser of disk strings.
    init(disk text: String, for version: XenVersion) {
        guard let disk = try? DiskSpec(parsing: text, for: version) else {
            self = .refused
            return
        }
        let members: [(String, String?)] = [
            ("target", disk.target), ("vdev", disk.vdev), ("script", disk.script), ("backend", disk.backend),
            ("format", disk.format.rawValue), ("backendtype", disk.backendType ?? "unknown"),
            ("access", disk.access.rawValue), ("cdrom", disk.isCDROM ? "1" : "0"),
        ]
        self = .read(
            Dictionary(uniqueKeysWithValues: members.compactMap { name, text in text.map { (name, Self.text($0)) } }))
    }

    private static func text(_ text: String) -> String { "s" + hexadecimal(text) }

    var description: String {
        guard case .read(let values) = self else { return "refused" }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private static func text(_ value: XenConfigValue) -> String {
        switch value {
        case .string(let text), .number(let text): Self.text(text)
        case .list(let items): "[\(items.map(Self.text).joined())]"
        }
    }

    static func hexadecimal(_ text: String) -> String {
        let digits = Array("0123456789abcdef")
        return String(text.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

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

@Suite("Reading as libxlu reads")
struct AgreementTests {
    @Test(
        "libxlu and Domus agree on each of 12,000 configurations, in what they refuse and in every value", Oracle.isHere
    )
    func configurations() async throws {
        var writer = ConfigurationWriter(seed: 2026)
        var texts: [[UInt8]] = []
        for _ in 0..<4000 {
            texts += [Array(writer.configuration().utf8), writer.mutated(), Array(writer.soup().utf8)]
        }
        let oracle = try await Oracle()
        let version = try await oracle.version()
        let answers = try await oracle.answers(to: texts, kind: "C")
        #expect(answers.count == texts.count)
        var disagreements: [String] = []
        for (text, theirs) in zip(texts, answers) {
            let mine = Reading(configuration: text, for: version)
            if mine != theirs.repaired {
                disagreements.append(
                    "\(String(decoding: text, as: UTF8.self).debugDescription): \(mine), libxlu: \(theirs)")
            }
        }
        #expect(disagreements.prefix(20) == [])
        #expect(disagreements.count == 0)
        // Else it would compare little.
        let refused = answers.count { $0 == .refused }
        #expect((3000...9000).contains(refused), "\(refused) of \(texts.count) are refused")
    }
}

extension AgreementTests {
    @Test("libxlu and Domus agree on each of 12,000 disk strings", Oracle.isHere)
    func disks() async throws {
        var writer = ConfigurationWriter(seed: 4321)
        let texts = (0..<12_000).map { _ in writer.disk() }
        let oracle = try await Oracle()
        let version = try await oracle.version()
        let answers = try await oracle.answers(to: texts.map { Array($0.utf8) }, kind: "D")
        #expect(answers.count == texts.count)
        var disagreements: [String] = []
        for (text, theirs) in zip(texts, answers) {
            // libxl refuses an empty device a moment later; and no target is one that is empty.
            let theirs = theirs["vdev"] == "s" ? .refused : theirs.withoutEmptyTarget
            let mine = Reading(disk: text, for: version)
            if mine != theirs { disagreements.append("\(text.debugDescription): \(mine), libxlu: \(theirs)") }
        }
        #expect(disagreements.prefix(40) == [])
        #expect(disagreements.count == 0)
        let refused = answers.count { $0 == .refused }
        #expect((3000...9000).contains(refused), "\(refused) of \(texts.count) are refused")
    }
}

extension Reading {
    fileprivate subscript(member: String) -> String? {
        if case .read(let values) = self { values[member] } else { nil }
    }

    fileprivate var withoutEmptyTarget: Reading {
        guard case .read(var values) = self, values["format"] == "s656d707479", values["target"] == "s" else {
            return self
        }
        values["target"] = nil
        return .read(values)
    }

    /// With the text that is not UTF-8 repaired, as Domus' is.
    fileprivate var repaired: Reading {
        guard case .read(let values) = self else { return self }
        return .read(values.mapValues(Self.repaired))
    }

    private static func repaired(_ value: String) -> String {
        var result = ""
        var rest = value.utf8[...]
        while let first = rest.first {
            rest = rest.dropFirst()
            result.append(Character(Unicode.Scalar(first)))
            guard first == UInt8(ascii: "s") else { continue }
            let digits = Array(
                rest.prefix { $0 != UInt8(ascii: "s") && $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "[") })
            rest = rest.dropFirst(digits.count)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
            }
            result += hexadecimal(String(decoding: bytes, as: UTF8.self))
        }
        return result
    }
}
