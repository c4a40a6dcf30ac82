import Crypto
import Foundation

/// The key of something kept: the hash of the texts that shape it.
struct Digest {
    private var hash = SHA256()

    mutating func add(_ text: String) { hash.update(data: Data((text + "\0").utf8)) }

    /// Sixteen hexadecimal digits.
    var text: String {
        String(hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined().prefix(16))
    }
}
