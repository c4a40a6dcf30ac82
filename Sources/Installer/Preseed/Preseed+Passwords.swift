import GuestModel

extension Preseed {
    /// The answers that hold a password that can be read.
    package var passwords: [PreseedEntry] { entries.filter(\.isPlainPassword) }

    /// The file with hashes in the place of the passwords of root and of the first user, for an installer that anybody
    /// may look into.
    ///
    /// The answers to the repeated questions (`passwd/root-password-again`) go away, since a hash needs none. So do all
    /// comments: a line that was commented out may hold a password as well, and the installer has no use for them.
    ///
    /// - Parameter hash: Makes a crypt(5) hash of a password; called once for each account.
    /// - Throws: ``PreseedError`` for a password that debian-installer takes in no other form, for one that differs
    ///   from its repetition, and for a hash that does not look like one; what `hash` throws.
    package func hashingPasswords(_ hash: (Secret) throws -> String) throws -> Preseed {
        for problem in passwordProblems() {
            throw PreseedError(problem.message, hint: problem.hint, file: problem.file, line: problem.line)
        }
        var result = self
        result.elements.removeAll { if case .comment = $0 { true } else { false } }
        for account in Account.allCases {
            let entry = try hashed(account, hash)
            result.elements.removeAll {
                if case .entry(let old) = $0 { old.question == account.repetition } else { false }
            }
            result.replace(entry == nil ? [account.password] : [account.password, account.crypted], with: entry)
        }
        return result
    }

    /// The hashed answer for an account; nil if there is none to make.
    private func hashed(_ account: Account, _ hash: (Secret) throws -> String) throws -> PreseedEntry? {
        guard let entry = self[account.password] else { return nil }
        // user-setup takes the hash if there are both.
        if let crypted = self[account.crypted], !crypted.value.isEmpty { return nil }
        // An empty answer is no password to hide, and it means something: no login for root.
        guard !entry.value.isEmpty else { return entry }
        let secret: Secret
        do {
            secret = try Secret(entry.value)
        } catch {
            throw PreseedError("\(account.password) cannot be hashed", hint: error.hint, file: file, line: entry.line)
        }
        let text = try hash(secret)
        guard CryptedPassword.isOne(text) else {
            throw PreseedError(
                "what was made of \(account.password) does not look like a hash of crypt(5)", file: file,
                line: entry.line)
        }
        return PreseedEntry(
            owner: entry.owner, question: account.crypted, type: .password, value: text, line: entry.line)
    }

    /// What keeps passwords from being hashed, in the order of the file.
    func passwordProblems() -> [PreseedProblem] {
        let entries = entries
        var problems: [PreseedProblem] = []
        let accounts = Set(Account.allCases.flatMap { [$0.password, $0.repetition] })
        for entry in entries where entry.isPlainPassword && !accounts.contains(entry.question) {
            problems.append(
                PreseedProblem(
                    .error, "\(entry.question) is a password that would stand in the installer for all to read",
                    hint: Self.remedy(for: entry.question), file: file, line: entry.line))
        }
        for account in Account.allCases {
            if let password = self[account.password], let again = self[account.repetition],
                password.value != again.value
            {
                problems.append(
                    PreseedProblem(
                        .error, "\(account.password) and \(account.repetition) differ",
                        hint: "give the password once; it needs no repetition", file: file, line: again.line))
            }
            for entry in entries
            where entry.question == account.crypted && entry.type != .seen && !entry.value.isEmpty
                && !CryptedPassword.isOne(entry.value)
            {
                problems.append(
                    PreseedProblem(
                        .error, "the value of \(entry.question) does not look like a hash of crypt(5)",
                        hint: "make one with: mkpasswd --method=yescrypt; or write \(account.password) for a password",
                        file: file, line: entry.line))
            }
        }
        return problems.enumerated().sorted {
            ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
        }.map(\.element)
    }

    private static func remedy(for question: String) -> String {
        switch question.prefix(while: { $0 != "/" }) {
        case "network-console":
            "remove it, and give your public keys with network-console/authorized_keys_url: no password is asked then"
        case "partman-crypto":
            "remove it, and answer on the console, since an encrypted disk with a known passphrase is not encrypted"
        case "grub-installer":
            "remove it: debian-installer sets no password for GRUB 2; do it in the guest with grub-mkpasswd-pbkdf2"
        default:
            "remove it, and answer on the console or set it in the installed guest"
        }
    }
}

/// An account whose password debian-installer sets (user-setup).
private enum Account: String, CaseIterable {
    case root
    case user

    var password: String { "passwd/\(rawValue)-password" }
    var repetition: String { "passwd/\(rawValue)-password-again" }
    var crypted: String { "passwd/\(rawValue)-password-crypted" }
}
