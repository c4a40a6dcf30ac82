import ArgumentParser

/// Who can log in. What a value must be is said, and checked, elsewhere: the same values come from files.
struct AccountOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Root's password. Others on this host can see it: better --password-file.", valueName: "word"))
    var password: String?

    @Option(
        name: .customLong("password-file"),
        help: ArgumentHelp("A file whose first line is root's password.", valueName: "file"))
    var passwordFile: String?

    @Option(help: ArgumentHelp("Make up a password for root: 1 or 0 (1).", valueName: "0|1"))
    var genpass: String?

    @Option(
        name: [.customLong("genpass-len"), .customLong("genpass_len")],
        help: ArgumentHelp("The length of that password (23).", valueName: "n"))
    var genpassLen: String?

    @Option(
        name: [.customLong("hash_method"), .customLong("hash-method")],
        help: ArgumentHelp("md5, sha256 or sha512 (the guest's own default).", valueName: "method"))
    var hashMethod: String?

    @Option(
        name: .customLong("ssh-key"),
        help: ArgumentHelp("A file of public keys for root; repeatable.", valueName: "file"))
    var sshKey: [String] = []

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("password", password)
        layer.add("password-file", passwordFile)
        layer.add("genpass", genpass)
        layer.add("genpass-len", genpassLen)
        layer.add("hash-method", hashMethod)
        layer.add("ssh-key", sshKey)
        return layer
    }
}
