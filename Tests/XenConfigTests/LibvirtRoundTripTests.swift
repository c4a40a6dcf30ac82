import Testing
import XenConfig

@Suite("From xl to libvirt and back")
struct LibvirtRoundTripTests {
    @Test("nothing that has a form is lost or changed", arguments: 0..<16 as Range<UInt64>)
    func generated(seed: UInt64) throws {
        var writer = LibvirtGuestWriter(seed: seed)
        for _ in 0..<60 {
            let guest = writer.guest()
            let text = try guest.text()
            let domain = try LibvirtDomain(from: guest, for: .newest)
            #expect(domain.notes.filter { $0.severity == .error || $0.message.contains("no form") } == [], "\(text)")
            let back = try LibvirtReading(parsing: Array(domain.xml.utf8), for: .newest)
            #expect(back.notes == [], "\(domain.xml)")
            let (before, after) = (EffectiveConfiguration(guest).values, EffectiveConfiguration(back.file).values)
            for key in Set(before.keys).union(after.keys) {
                #expect(before[key] == after[key], "\(key) of\n\(text)")
            }
            // And the other way: what was read makes the same document.
            #expect(try LibvirtDomain(from: back.file, for: .newest).xml == domain.xml)
        }
    }

    @Test("a hostile text survives", arguments: hostileTexts)
    func hostile(text: String) throws {
        let file = XenConfigFile(entries: [
            .init("name", .set, .string("g")), .init("memory", .set, .number("64")),
            .init("kernel", .set, .string("/k")), .init("cmdline", .set, .string(text)),
            .init("device_model_args", .set, .list([.string(text)])),
        ])
        let isXML = text.unicodeScalars.allSatisfy { $0.value >= 32 || ["\t", "\n", "\r"].contains($0) }
        guard isXML else {
            #expect(throws: XenConfigError.self) { try LibvirtDomain(from: file, for: .newest) }
            return
        }
        let domain = try LibvirtDomain(from: file, for: .newest)
        let back = try LibvirtReading(parsing: Array(domain.xml.utf8), for: .newest).file
        #expect(back["cmdline"]?.text?.utf8.elementsEqual(text.utf8) ?? text.isEmpty)
        #expect(back["device_model_args"]?.items?.first?.text?.utf8.elementsEqual(text.utf8) == true)
        // xl can read it, too.
        _ = try XenConfigFile(parsing: back.text())
    }
}
