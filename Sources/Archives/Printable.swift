import SystemPackage

/// The bytes as text that is safe to show: an archive's names are a stranger's, and must not move a terminal's cursor.
///
/// Bytes that are not UTF-8 become `\xNN`; control characters and bidirectional overrides become `\u{N}`.
func printable(_ bytes: [UInt8]) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        return bytes.reduce(into: "") { text, byte in
            if byte >= 0x20, byte < 0x7f {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }
    return text.unicodeScalars.reduce(into: "") { text, scalar in
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069:
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            text.unicodeScalars.append(scalar)
        }
    }
}

func printable(_ path: FilePath) -> String {
    printable(path.rawBytes)
}

extension FilePath {
    /// The path as the kernel takes it, without the NUL.
    var rawBytes: [UInt8] {
        withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: length)) }
    }
}

/// The bytes of a C string without its NUL; nil stays nil.
func bytes(of text: UnsafePointer<CChar>?) -> [UInt8]? {
    guard let text else { return nil }
    var count = 0
    while text[count] != 0 {
        count += 1
    }
    return Array(UnsafeRawBufferPointer(start: text, count: count))
}
