/// Builds tar archives block by block: what no honest library writes.
struct RawTar {
    private(set) var bytes: [UInt8] = []

    mutating func add(
        _ name: String,
        type: Character = "0",
        mode: Int = 0o644,
        link: String = "",
        content: String = "",
        pax: [(String, String)] = []
    ) {
        if !pax.isEmpty {
            let records = pax.map { key, value in
                // "LENGTH KEY=VALUE\n", where the length counts its own digits.
                let rest = " \(key)=\(value)\n".utf8.count
                let length = (1...9).map { rest + $0 }.first { String($0).utf8.count + rest == $0 }!
                return "\(length) \(key)=\(value)\n"
            }
            addHeader("PaxHeader", type: "x", mode: 0o644, link: "", size: records.joined().utf8.count)
            addContent(records.joined())
        }
        addHeader(name, type: type, mode: mode, link: link, size: content.utf8.count)
        addContent(content)
    }

    /// The archive with its end marker.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    private mutating func addHeader(_ name: String, type: Character, mode: Int, link: String, size: Int) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put(octal(mode, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(1_000_000_000, digits: 11), at: 136)
        put("        ", at: 148)
        put(String(type), at: 156)
        put(link, at: 157)
        put("ustar\0", at: 257)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
        bytes += header
    }

    private mutating func addContent(_ content: String) {
        bytes += content.utf8
        bytes += [UInt8](repeating: 0, count: (512 - content.utf8.count % 512) % 512)
    }
}
