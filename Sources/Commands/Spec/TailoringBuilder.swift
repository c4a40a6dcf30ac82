import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// What is done to the installed tree, from the options of xen-tools.
struct TailoringBuilder {
    let values: Values
    let host: Host
    let configurationDirectory: FilePath
    let base: FilePath
    let unknown: [String: String]
    /// Where the roles are that come with Domus; nil where they are not found.
    var stockRoles: FilePath?

    func build(warnings: inout [String]) throws -> GuestSpec.Tailoring {
        let hooks = try values.flag("hooks") ?? true
        let password = try password(warnings: &warnings)
        let timeout = try values.parsed("hook-timeout") { text throws(ValueError) in
            guard let seconds = Int(text), (1...86_400).contains(seconds) else {
                throw ValueError("\"\(text)\" is not a number of seconds", hint: "1 to 86400")
            }
            return seconds
        }
        return GuestSpec.Tailoring(
            rootPassword: password,
            passwordHash: try values.parsed("hash-method", PasswordHash.init(parsing:)),
            copiesAccounts: try values.flag("accounts") ?? false,
            copiesHosts: try values.flag("copyhosts") ?? false,
            authorizedKeys: try authorizedKeys(),
            roles: try roles(),
            roleArguments: try values.parsed("role-args") { text throws(ValueError) in
                try ShellWords.split(text)
            } ?? [],
            runsHooks: hooks, hookTimeout: timeout ?? 1800, extraVariables: unknown,
            verbose: try values.flag("verbose") ?? false)
    }

    private func password(warnings: inout [String]) throws -> PasswordChoice {
        if case .option = values.given("password")?.place, case .option = values.given("password-file")?.place {
            throw OptionError("--password and --password-file are two passwords for one root", hint: "give one")
        }
        let strongest = values.strongest(of: ["password", "password-file", "genpass"])
        if let strongest, strongest.key == "password" {
            if case .option = strongest.given.place {
                warnings.append(
                    "--password: everybody on this host can read it in the list of processes; "
                        + "--password-file=FILE keeps it secret")
            }
            return .given(try strongest.given.parsed(Secret.init))
        }
        if let strongest, strongest.key == "password-file" {
            let file = strongest.given
            let path = base.pushing(FilePath(file.value))
            guard try host.files.entry(at: path) != nil else {
                throw OptionError("\(file.place): there is no file \(path)", exit: .noInput)
            }
            let text = String(decoding: try host.files.contents(of: path, limit: 4096), as: UTF8.self)
            let line = String(text.prefix { !$0.isNewline })
            return .given(try Values.Given(value: line, place: file.place).parsed(Secret.init))
        }
        guard try values.flag("genpass") ?? true else { return .unchanged }
        let length = try values.parsed("genpass-len") { text throws(ValueError) in
            guard let length = Int(text), (8...128).contains(length) else {
                throw ValueError("\"\(text)\" is not the length of a password", hint: "8 to 128 characters")
            }
            return length
        }
        return .generated(length: length ?? 23)
    }

    private func authorizedKeys() throws -> [String] {
        try values.list("ssh-key").flatMap { given in
            let path = base.pushing(FilePath(given.value))
            guard try host.files.entry(at: path) != nil else {
                throw OptionError("\(given.place): there is no file \(path)", exit: .noInput)
            }
            let text = String(decoding: try host.files.contents(of: path, limit: 1 << 20), as: UTF8.self)
            if text.contains("PRIVATE KEY") {
                throw OptionError(
                    "\(given.place): \(path) is a private key, which no guest may have",
                    hint: "give the public one: \(path).pub")
            }
            let keys = text.split(whereSeparator: \.isNewline).map(String.init).filter { line in
                !line.hasPrefix("#") && line.contains { $0 != " " && $0 != "\t" }
            }
            for key in keys where !Self.isPublicKey(key) {
                throw OptionError(
                    "\(given.place): \(path) holds a line that is not a public key: \(key.prefix(40))",
                    hint: "a line is like: ssh-ed25519 AAAA... comment")
            }
            guard !keys.isEmpty else { throw OptionError("\(given.place): \(path) holds no key") }
            return keys
        }
    }

    /// A line of authorized_keys (sshd(8)): options may stand in front of the algorithm.
    private static func isPublicKey(_ line: String) -> Bool {
        line.split(separator: " ").contains { word in
            ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].contains { word.hasPrefix($0) }
        } && line.contains(" AAAA")
    }

    /// `web, /srv/roles/db`: commas stand between them, blanks around them do not count.
    static func roleNames(in text: String) -> [String] {
        text.split(separator: ",").map { word in
            String(word.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }.filter { !$0.isEmpty }
    }

    /// A missing role stops the run: xen-tools passed over it, and nobody noticed until the guest was in use.
    private func roles() throws -> [GuestSpec.Tailoring.Role] {
        let directory =
            values.given("roledir").map { base.pushing(FilePath($0.value)) }
            ?? configurationDirectory.appending("role.d")
        return try values.list("role").flatMap { given in
            let names = Self.roleNames(in: given.value)
            guard !names.isEmpty else {
                throw OptionError("\(given.place): \"\(given.value)\" names no role", exit: given.place.exit)
            }
            return try names.map { name in
                var path = name.contains("/") ? base.pushing(FilePath(name)) : directory.appending(name)
                // The users' own come first.
                if try host.files.entry(at: path) == nil, !name.contains("/"), let stock = stockRoles?.appending(name),
                    try host.files.entry(at: stock) != nil
                {
                    path = stock
                }
                guard try host.files.entry(at: path) != nil else {
                    throw OptionError(
                        "\(given.place): there is no role \(path)",
                        hint: name.contains(" ")
                            ? "commas stand between roles: \(name.replacing(" ", with: ","))" : nil,
                        exit: .noInput)
                }
                guard host.files.isExecutable(path) else {
                    throw OptionError(
                        "\(given.place): the role \(path) is not executable", hint: "chmod +x \(path)", exit: .noInput)
                }
                return GuestSpec.Tailoring.Role(name: name, path: path.lexicallyNormalized())
            }
        }
    }
}
