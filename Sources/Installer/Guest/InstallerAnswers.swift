import GuestModel
import LinuxHost
import SystemPackage

/// Everything that the installer is answered: the template's answers, then those of the user's file, then single ones.
package struct InstallerAnswers: Sendable {
    /// The template and its name, for messages.
    package let template: (text: String, file: String)
    package let catalogue: QuestionCatalogue
    /// `--preseed`.
    package let file: Preseed?
    /// `--preseed-set`: `QUESTION=VALUE`.
    package let settings: [String]

    package init(
        template: (text: String, file: String), catalogue: QuestionCatalogue, file: Preseed?, settings: [String]
    ) {
        self.template = template
        self.catalogue = catalogue
        self.file = file
        self.settings = settings
    }

    /// What the installer of a guest gets. No password in it can be read.
    ///
    /// - Parameters:
    ///   - root: the hash of root's password; nil for none, and then only a key lets somebody in.
    ///   - hash: makes a crypt(5) hash of a password in the user's file.
    /// - Throws: `TemplateError`, ``PreseedError``, ``InstallerError``.
    package func preseed(
        for spec: GuestSpec, root: String?, hash: (Secret) throws -> String
    ) throws -> Preseed {
        let text = try GuestPreseed(spec).text(
            template: template.text, file: template.file, passwordHash: root)
        var preseed = try Preseed(parsing: text, file: template.file)
        if let file {
            let theirs = try file.hashingPasswords(hash)
            // One account has one password: whoever gives one does not get the other, too.
            for entry in theirs.entries {
                try preseed.set(question: entry.question, type: entry.type, value: entry.value, owner: entry.owner)
            }
        }
        for setting in settings { try preseed.override(setting, catalogue: catalogue) }
        // tasksel is a package, too: without tasks the guest does without it (pkgsel 0.46 and later).
        if (preseed["tasksel/first"]?.value ?? "").isEmpty, preseed["pkgsel/run_tasksel"] == nil {
            try preseed.set(question: "pkgsel/run_tasksel", type: .boolean, value: "false")
        }
        // Who gives keys means to log in by them, whatever else is to be installed.
        let packages = preseed["pkgsel/include"]?.value ?? ""
        if !spec.tailoring.authorizedKeys.isEmpty,
            !packages.split(whereSeparator: { $0 == " " || $0 == "," }).contains("openssh-server")
        {
            try preseed.set(question: "pkgsel/include", type: .string, value: "\(packages) openssh-server")
        }
        return preseed
    }

    /// What is doubtful in the user's own answers, and what is wrong with them.
    ///
    /// - Throws: ``PreseedError`` for a setting that is none.
    package func problems(release: String) throws(PreseedError) -> [PreseedProblem] {
        var given = try Preseed(parsing: "", file: "--preseed-set")
        for setting in settings { try given.override(setting, catalogue: catalogue) }
        return (file?.problems(against: catalogue, release: release) ?? [])
            + given.problems(against: catalogue, release: release).map {
                PreseedProblem($0.severity, "--preseed-set: \($0.message)", hint: $0.hint, file: nil, line: nil)
            }
    }
}
