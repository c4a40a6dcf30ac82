import GuestModel
import TestSupport
import Testing
import XenConfig

/// What libxlu and libxl themselves make of strings in values.
@Suite("Reading values as libxlu and libxl read")
struct ValueAgreementTests {
    private func compare(
        _ texts: [String], kind: Character, refused range: ClosedRange<Int>,
        mine: (String, XenVersion) throws -> Reading
    ) async throws {
        let oracle = try await Oracle()
        let version = try await oracle.version()
        let answers = try await oracle.answers(to: texts.map { Array($0.utf8) }, kind: kind)
        #expect(answers.count == texts.count)
        var disagreements: [String] = []
        for (text, theirs) in zip(texts, answers) {
            let mine = try mine(text, version)
            if mine != theirs { disagreements.append("\(text.debugDescription): \(mine), libxlu: \(theirs)") }
        }
        #expect(disagreements.prefix(40) == [])
        #expect(disagreements.count == 0)
        // Else it would compare little.
        let refused = answers.count { $0 == .refused }
        #expect(range.contains(refused), "\(refused) of \(texts.count) are refused")
    }

    /// Whether the check refuses a value of a key, for itself.
    private func reading(_ key: String, _ value: XenConfigValue, _ version: XenVersion) -> Reading {
        GuestConfiguration.Setting.problems(of: [.init(key, value)], for: version).isEmpty ? .read([:]) : .refused
    }

    @Test("libxlu and Domus agree on each of 12,000 strings of the pci list", Oracle.isHere)
    func pci() async throws {
        var writer = ValueWriter(seed: 815)
        // Without the dot libxlu goes on at an arbitrary place in its memory.
        let texts = (0..<12_000).map { _ in writer.pci() }.filter { !ValueWriter.lacksDot($0) }
        try await compare(texts, kind: "P", refused: 3000...10_000) { text, version in
            guard version >= XenVersion(4, 15), let device = try? PCISpec(parsing: text, for: version) else {
                return .refused
            }
            var values = ["slot": String(device.guestSlot ?? 0, radix: 16)]
            if let name = device.name {
                values["name"] = "s" + name.utf8.map { String(0x100 + Int($0), radix: 16).dropFirst() }.joined()
            } else if let place = device.place {
                let numbers = [place.domain, place.bus, place.slot].map { String($0, radix: 16) }
                values["place"] = numbers.joined(separator: ":") + ".\(place.function ?? 8)"
            }
            return .read(values)
        }
    }

    @Test("libxl and Domus agree on each of 6,000 flags of CPUID", Oracle.isHere)
    func flags() async throws {
        var writer = ValueWriter(seed: 42)
        // An empty one is none between two commas.
        let texts = (0..<6_000).map { _ in writer.flag() }.filter { !$0.isEmpty }
        try await compare(texts, kind: "F", refused: 1000...5000) { text, version in
            reading("cpuid", .string("host,\(text)"), version)
        }
    }

    @Test("libxl and Domus agree on each of 6,000 leaves of CPUID", Oracle.isHere)
    func leaves() async throws {
        var writer = ValueWriter(seed: 7)
        try await compare((0..<6_000).map { _ in writer.leaf() }, kind: "L", refused: 1000...5500) { text, version in
            reading("cpuid", .list([.string(text)]), version)
        }
    }

    // Not of words that it does not know for a policy, which it takes, and then has none.
    @Test("libxlu and Domus agree on rdm", Oracle.isHere)
    func rdm() async throws {
        let texts = [
            "", "strategy=host", "strategy=host,", "strategy=", "strategy=none", "strategy", "policy=strict",
            "policy=relaxed", "strategy=host,policy=strict", "policy=strict,strategy=host", "x=1", "strategy=host,x=1",
            "strategy=host,strategy=host", "=host", ",strategy=host", "policy=invalid", " strategy=host",
        ]
        try await compare(texts, kind: "R", refused: 10...16) { text, version in reading("rdm", .string(text), version)
        }
    }
}

/// Strings that may be values, most of them nearly.
struct ValueWriter {
    private var random: Seeded

    init(seed: UInt64) { random = Seeded(state: seed) }

    private mutating func any(_ choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func pci() -> String {
        let place = [
            any(["", "", "", " ", "0x", "+", "bdf=", "x"]),
            any(["0000:", "", "", "1:", "10000:", "ffff:", "100000001:", ":", "g:"]),
            any(["01", "0", "ff", "100", "1f", "0x3", ""]), any([":", ":", ":", ":", "", "::"]),
            any(["00", "1f", "20", "3", "0xf", " 1", ""]), any([".", ".", ".", ".", "..", "", ". "]),
            any(["0", "7", "8", "*", "0x1", "", "1a", "07"]),
        ].joined()
        var text = any([place, place, place, place, place, "", "name=gpu", "permissive=1"])
        if any(["yes", "no", "no"]) == "yes" { text += any(["@1", "@1f", "@20", "@", "@g", "@0x1f", "@1x", "@-1"]) }
        while any(["yes", "no"]) == "yes" {
            text += any([
                ",permissive=1", ",seize=0", ",msitranslate=1", ",power_mgmt=0", ",rdm_policy=strict",
                ",rdm_policy=RELAXED", ",rdm_policy=lax", ",name=x", ",vslot=3", ",vslot=33", ",bdf=1:2.3", ",bdf=1",
                ", seize=1", ",seize", ",", ",,", ",=", ",x=1", ",permissive=", ",bdf=01:00.0x",
            ])
        }
        return text
    }

    /// Whether a place in it goes on without a dot behind its colons.
    static func lacksDot(_ text: String) -> Bool {
        var starts = [text[...]]
        for part in text.split(separator: ",") where part.hasPrefix("bdf=") { starts.append(part.dropFirst(4)) }
        return starts.contains { start in
            let numbers = start.prefix { $0.isHexDigit || $0 == ":" }
            return numbers.contains(":") && !start.dropFirst(numbers.count).hasPrefix(".")
        }
    }

    mutating func flag() -> String {
        any([
            "tm", "sse3", "aes", "family", "maxleaf", "nc", "avx2", "rdcl-no", "lfence+", "its-no", "avx512-bmm",
            "sse4.1",
            "sse4-1", "SSE3", " tm", "ss", "ssee", "", "amx-tile", "fred", "clfsh", "cpb", "arch-caps", "pbe", "xyz",
        ]) + any(["=", "=", "=", "=", "=", "", "=="])
            + any(["0", "1", "x", "k", "s", "0x10", "", "y", " 1", "-1", "on", "x1", "12ab"])
    }

    mutating func leaf() -> String {
        var text =
            any(["1", "0x80000001", "7,0", "7,", "", "x", "7,0x1", "-1", " 1", "1 "]) + any([":", ":", ":", "", ";"])
        let bits = String(repeating: "x", count: 32)
        while any(["yes", "yes", "no"]) == "yes" {
            text += any(["eax", "ebx", "edx", "rax", "eex", "e", "", "eaxy"]) + any(["=", "=", "=", ""])
            text += any([bits, bits, bits, bits + "0", "", "10"]) + any([",", ", ", ",\n", "", ",,"])
        }
        return text
    }
}
