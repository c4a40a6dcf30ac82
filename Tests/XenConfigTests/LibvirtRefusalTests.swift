import TestSupport
import Testing
import XenConfig

@Suite("What is refused as a libvirt domain")
struct LibvirtRefusalTests {
    private static func pv(_ content: String) -> String {
        """
        <domain type='xen'><name>g</name><memory>65536</memory><os><type>linux</type><kernel>/k</kernel></os>
        \(content)</domain>
        """
    }

    private func read(_ text: String) throws -> LibvirtReading {
        try LibvirtReading(parsing: Array(text.utf8), file: "g.xml", for: .newest)
    }

    @Test(
        "what is no domain of Xen is refused, with its place",
        arguments: [
            ("<domain type='xen'/>", "g.xml:1:1: the domain does not say how it is virtualized (os/type)"),
            ("<domain/>", "g.xml:1:1: the domain does not say what it is of (type)"),
            ("<domain type='kvm'/>", "g.xml:1:1: the domain is one of kvm, not of Xen"),
            ("<network/>", "g.xml:1:1: the document is a <network>, no libvirt <domain>"),
            (
                "<d:domain xmlns:d='http://x/' type='xen'/>",
                "g.xml:1:1: the document is a <{http://x/}domain>, no libvirt <domain>"
            ),
            (
                "<domain type='xen'><os><type>exe</type></os></domain>",
                "g.xml:1:1: the domain is a \"exe\", no guest of Xen"
            ),
            ("<domain type='xen'><os><type>linux</type></os></domain>", "g.xml:1:1: the domain has no name"),
            (
                "<domain type='xen'><name>g</name><os><type>linux</type></os></domain>",
                "g.xml:1:1: the domain has no memory"
            ),
            (
                "<domain type='xen'><name>g</name><memory unit='EiB'>9</memory><os><type>linux</type></os></domain>",
                "g.xml:1:1: \"9\" EiB is no memory of a guest"
            ),
            (
                "<domain type='xen'><name>g</name><memory unit='T'>99999999999</memory><os><type>linux</type></os></domain>",
                "g.xml:1:1: \"99999999999\" T is no memory of a guest"
            ),
            (
                "<domain type='xen'><name>g</name><memory>-1</memory><os><type>linux</type></os></domain>",
                "g.xml:1:1: \"-1\" KiB is no memory of a guest"
            ),
        ])
    func refused(text: String, message: String) {
        #expect {
            _ = try read(text)
        } throws: {
            "\($0)" == message
        }
    }

    @Test(
        "what is no XML is refused, with its line and what libxml2 says of it",
        arguments: [
            ("", 1), ("<domain", 1), ("<domain type='xen'>\n<name>g</nome></domain>", 2), ("\u{1}", 1),
            ("\n\n<a/><b/>", 3),
            ("<domain type='xen'>\n<name>&undefined;</name></domain>", 2), ("<domain\ntype='xen' type='xen'/>", 2),
            ("<domain type='xen'>\n\n<name>&#0;</name></domain>", 3), ("<domain type='xen'><name>g</name>", 1),
            ("<domain type='xen'>\n<x:y/></domain>", 0),
        ])
    func malformed(text: String, line: Int) {
        #expect {
            _ = try read(text)
        } throws: { error in
            // A prefix without a namespace is one of libxml2's warnings.
            guard line > 0 else { return "\(error)".contains("virtualized") }
            return "\(error)".hasPrefix("g.xml:\(line):") && "\(error)".contains(": the document is no XML: ")
        }
    }

    private static let entities = (0..<12).map { level in
        "<!ENTITY e\(level) '\(String(repeating: level == 0 ? "ha" : "&e\(level - 1);", count: 10))'>"
    }.joined()

    @Test(
        "a document type is refused before anything of it is looked at",
        arguments: [
            "<!DOCTYPE domain><domain type='xen'/>",
            "<!DOCTYPE domain [\(entities)]><domain type='xen'><name>&e11;</name></domain>",
            "<!DOCTYPE domain [\(entities)]><domain type='xen' id='&e11;'/>",
            "<!DOCTYPE domain [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><domain type='xen'><name>&f;</name></domain>",
            "<!DOCTYPE domain SYSTEM 'http://192.0.2.1/evil.dtd'><domain type='xen'/>",
            "<!DOCTYPE domain PUBLIC '-//x' 'file:///dev/zero' [<!ENTITY % p SYSTEM 'file:///dev/zero'>%p;]><domain type='xen'/>",
            "<?xml version='1.0'?><!-- --><!DOCTYPE domain [<!ATTLIST domain type CDATA 'xen'>]><domain/>",
        ])
    func documentType(text: String) {
        let start = ContinuousClock.now
        #expect {
            _ = try read(text)
        } throws: {
            "\($0)" == "g.xml: the document has a document type (<!DOCTYPE), which no libvirt domain has"
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("a document type in another encoding is refused, too")
    func documentTypeInUTF16() {
        let text =
            "<!DOCTYPE domain [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><domain type='xen'><name>&f;</name></domain>"
        let bytes: [UInt8] = [0xFF, 0xFE] + text.utf8.flatMap { [$0, 0] }
        #expect(throws: XenConfigError("the document has a document type (<!DOCTYPE), which no libvirt domain has")) {
            try LibvirtReading(parsing: bytes, for: .newest)
        }
    }

    @Test("what is too deep or too large is refused at once")
    func tooMuch() throws {
        let start = ContinuousClock.now
        func nested(_ depth: Int) -> String {
            Self.pv(String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth))
        }
        #expect(try read(nested(XMLElement.maximumDepth - 1)).notes.contains { $0.message.hasPrefix("a has no form") })
        #expect(throws: XenConfigError.self) { try read(nested(XMLElement.maximumDepth)) }
        #expect(throws: XenConfigError.self) { try read(nested(20_000)) }
        #expect {
            _ = try read("<domain>" + String(repeating: " ", count: 1 << 20) + "</domain>")
        } throws: {
            "\($0)" == "g.xml: the document has 1048593 bytes; a libvirt domain has at most 262144"
        }
        // As many attributes as there is room for, which a parser compares each with each.
        let attributes = (0..<24_000).map { " a\($0)=''" }.joined()
        #expect(throws: XenConfigError.self) { try read("<domain\(attributes)/>") }
        let elements = String(repeating: "<a/>", count: 60_000)
        #expect(try read(Self.pv(elements)).notes.count == 60_000)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("no document makes the reader crash", arguments: 0..<4 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = Seeded(state: seed)
        var read = 0
        for _ in 0..<400 {
            var bytes = Array(LibvirtExamples.all[Int.random(in: 0..<3, using: &random)].xml.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
                case 2:
                    let end = min(bytes.count, place + Int.random(in: 1...80, using: &random))
                    bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
                // A number or a word that is another.
                default:
                    let words = [
                        "0", "-1", "99999999999999999999", "9223372036854775807", "xen", "yes", "''", "/", "&#10;", ",",
                    ]
                    bytes.insert(contentsOf: Array((words.randomElement(using: &random) ?? "").utf8), at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let reading = try? LibvirtReading(parsing: bytes, for: .newest) else { continue }
            read += 1
            // And what it makes can be written, and become a domain again or be refused.
            guard let text = try? reading.file.text(), let file = try? XenConfigFile(parsing: text) else { continue }
            _ = try? LibvirtDomain(from: file, for: .newest)
        }
        #expect(read > 5)
    }
}
