import GuestModel
import LinuxHost
import SystemPackage
import Tailoring

/// Sets root's password in the guest by chpasswd(8). The password goes to its standard input and nowhere else.
struct SetRootPassword: Step {
    let choice: PasswordChoice
    let hash: PasswordHash?
    let tailor: Tailor

    var summary: String { "Set root's password" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let password: Secret
        switch choice {
        case .unchanged: return
        case .given(let secret): password = secret
        case .generated(let length):
            password = try PasswordGenerator(random: context.host.random).password(length: length)
            findings.password = password
        }
        // Without a method the guest's own default is used, which is stronger than all three in a recent guest.
        let arguments = hash.map { ["-c", $0.rawValue.uppercased()] } ?? []
        let status = try await context.run(
            tailor.invocation(
                inGuest: "chpasswd", arguments, input: Array("root:\(password.reveal())\n".utf8)))
        guard status.isSuccess else {
            throw TailoringError(
                "cannot set root's password: chpasswd in the guest ended with \(status)",
                hint: status == .exited(127)
                    ? "the guest has no chpasswd(8); --genpass=0 leaves the password as it is" : nil)
        }
    }
}

/// Passwords for people to type once: without letters that look alike.
struct PasswordGenerator {
    let random: any RandomSource

    private static let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")

    func password(length: Int) throws(ValueError) -> Secret {
        var text = ""
        // A byte beyond the last whole multiple is thrown away, or the first letters would come more often.
        let limit = 256 / Self.alphabet.count * Self.alphabet.count
        while text.count < length {
            for byte in random.bytes(length) where Int(byte) < limit && text.count < length {
                text.append(Self.alphabet[Int(byte) % Self.alphabet.count])
            }
        }
        return try Secret(text)
    }
}
