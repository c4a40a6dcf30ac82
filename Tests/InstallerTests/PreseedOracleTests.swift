import SystemPackage
import TestSupport
import Testing

@testable import Installer

@Suite("Preseed files in the eyes of the programs that read them")
struct PreseedOracleTests {
    /// The package debconf's reader, for which owners other than d-i are written.
    @Test(
        "debconf-set-selections of an installed system reads what is written as it was meant",
        Requirement.file("/usr/bin/debconf-set-selections", package: "debconf"))
    func debconf() async throws {
        var random = Seeded(state: 3)
        var file = try Preseed(parsing: usual, file: "guest.cfg")
        for number in 0..<300 {
            guard let other = try? Preseed(parsing: PreseedWriter.file(using: &random), file: "guest.cfg") else {
                continue
            }
            for entry in other.entries where entry.type != .error && entry.type != .seen {
                try file.set(question: "n/\(number)/\(entry.question)", type: entry.type, value: entry.value)
            }
        }
        // debconf has no type "error".
        let expected = file.entries.map {
            "info: Trying to set '\($0.question)' [\($0.type.rawValue)] to '\($0.value)'"
        }
        let directory = try TemporaryDirectory("debconf")
        let databases = "Config: c\nTemplates: t\n\nName: c\nDriver: File\nFilename: \(directory("c"))\n"
        try writeFile(directory("rc"), databases + "\nName: t\nDriver: File\nFilename: \(directory("t"))\n")
        let outcome = try await run(
            "/usr/bin/debconf-set-selections", ["--checkonly", "--verbose"],
            environment: ["DEBCONF_SYSTEMRC": directory("rc").string], input: file.rendered())
        let said = outcome.standardError.split(separator: "\n").filter { $0.hasPrefix("info: Trying") }.map { line in
            // The blank that keeps a backslash from joining lines is a part of the value there.
            line.hasSuffix("\\ '") ? line.dropLast(2) + "'" : String(line)
        }
        try #require(expected.count > 300)
        #expect(said.count == expected.count, "\(outcome.ending)")
        for (said, expected) in zip(said, expected) { #expect(said == expected) }
    }

    /// The whole chain of debian-installer, shell script and cdebconf, in its own initrd: DOMUS_INSTALLER_INITRD names
    /// one (initrd.gz of the package debian-installer-12-netboot-amd64).
    @Test(
        "debian-installer reads every file as it is read here, and as it is written here",
        Requirement.root, Requirement.program("bsdtar", "chroot"), Requirement.environment("DOMUS_INSTALLER_INITRD"))
    func installer() async throws {
        let root = try TemporaryDirectory("initrd")
        let initrd = try await run("sh", ["-c", "echo \"$DOMUS_INSTALLER_INITRD\""]).standardOutput
        try await run("bsdtar", ["-C", root.path.string, "-xf", initrd.split(separator: "\n").joined()]).orThrow()
        try await run("sh", ["-c", "test -c \"$1\" || mknod -m 666 \"$1\" c 1 3", "sh", root("dev/null").string])
            .orThrow()
        var random = Seeded(state: 5)
        var compared = 0
        while compared < 100 {
            let text = PreseedWriter.file(using: &random)
            guard let file = try? Preseed(parsing: text, file: "guest.cfg"), !file.entries.isEmpty else { continue }
            let expected = Self.effect(of: file)
            let read = try await Self.installed(text, root.path)
            #expect(read == expected, "read: \(text.debugDescription)")
            let written = try await Self.installed(file.rendered(), root.path)
            #expect(written == expected, "written: \(text.debugDescription)")
            compared += 1
        }
        #expect(try await Self.installed("d-i t/q0 string a \\\n", root.path) == [], "a dangling backslash")
        #expect(
            try await Self.installed(" #d-i t/q0 string a\n", root.path) == ["t/q0 = a (seen)"], "an indented comment")
        #expect(
            try await Self.installed("d-i t/q0 string a \\\n-n\n", root.path) == ["t/q0 = a (seen)"],
            "an option of echo")
        #expect(
            try await Self.installed("d-i t/q0 string a \\\n*\n", root.path) == ["t/q0 = a bin (seen)"],
            "a pattern")
        #expect(try await Self.installed("d-i t/q0 nonsense a\n", root.path) == ["t/q0 = a (seen)"], "another type")
    }

    /// The database of the installer after these entries: an answer sets the flag, and a flag needs a question.
    private static func effect(of file: Preseed) -> [String] {
        var answers: [String: (value: String, isSeen: Bool)] = [:]
        for entry in file.entries {
            if entry.type == .seen {
                answers[entry.question]?.isSeen = entry.value == "true"
            } else {
                answers[entry.question] = (entry.value, true)
            }
        }
        return answers.map { "\($0) = \($1.value)" + ($1.isSeen ? " (seen)" : "") }.sorted()
    }

    /// The answers in the database of the installer that read a file. (The status of the program does not tell whether
    /// it could: cdebconf passes it on in some runs, and in others it does not.)
    private static func installed(_ text: String, _ root: FilePath) async throws -> [String] {
        try writeFile(root.appending("tmp/guest.cfg"), text)
        let script = """
            rm -f /var/lib/cdebconf/*.dat /var/lib/preseed/log
            debconf-loadtemplate d-i /var/lib/dpkg/info/di-utils.templates
            debconf-set-selections /tmp/guest.cfg || true
            """
        try await run("chroot", [root.string, "/bin/sh", "-c", script]).orThrow()
        let database = try readText(root.appending("var/lib/cdebconf/questions.dat"))
        let answers = database.split(separator: "\n\n").compactMap { paragraph in
            var fields: [Substring: Substring] = [:]
            for line in paragraph.split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":"), !line.hasPrefix(" ") else { continue }
                fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
            }
            guard let name = fields["Name"], name.hasPrefix("t/") else { return String?.none }
            return "\(name) = \(fields["Value"] ?? "")" + (fields["Flags"]?.contains("seen") == true ? " (seen)" : "")
        }
        return answers.sorted()
    }
}
