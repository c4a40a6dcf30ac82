import CCrypt
import GuestModel

/// Hashes of passwords as /etc/shadow has them (crypt(5)), for who cannot run the guest's own chpasswd(8).
package enum PasswordHashing {
    /// How it is hashed.
    package enum Method: Sendable, Hashable {
        case md5, sha256, sha512
        /// Known to libxcrypt since 4.4: Debian 11, Ubuntu 20.10.
        case yescrypt

        var prefix: String {
            switch self {
            case .md5: "$1$"
            case .sha256: "$5$"
            case .sha512: "$6$"
            case .yescrypt: "$y$"
            }
        }

        package init(_ hash: PasswordHash) {
            switch hash {
            case .md5: self = .md5
            case .sha256: self = .sha256
            case .sha512: self = .sha512
            }
        }
    }

    /// - Throws: ``HostError`` where the C library does not know the method.
    package static func hash(
        _ password: Secret, by method: Method, random: any RandomSource
    ) throws(HostError) -> String {
        let failure = HostError("cannot hash a password: this host's libcrypt does not know \(method.prefix)")
        let bytes = random.bytes(32).map { CChar(bitPattern: $0) }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard
            crypt_gensalt_rn(method.prefix, 0, bytes, CInt(bytes.count), &setting, CInt(setting.count)) != nil
        else { throw failure }
        var data = crypt_data()
        defer { _ = withUnsafeMutableBytes(of: &data) { $0.initializeMemory(as: UInt8.self, repeating: 0) } }
        let size = CInt(MemoryLayout<crypt_data>.size)
        guard let hash = crypt_rn(password.reveal(), setting, &data, size) else { throw failure }
        return String(cString: hash)
    }
}
