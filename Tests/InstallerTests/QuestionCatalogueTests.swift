import Testing

@testable import Installer

@Suite("The catalogue of questions")
struct QuestionCatalogueTests {
    @Test("the one that Domus brings has the questions of all releases")
    func shipped() throws {
        let catalogue = try shippedCatalogue()
        #expect(catalogue.releases == ["bullseye", "bookworm", "trixie"])
        #expect(catalogue.questions.count > 700)
        let hostname = try #require(catalogue["netcfg/get_hostname"])
        #expect(hostname.types == [.string])
        #expect(hostname.releases == catalogue.releases)
        #expect(hostname.owners == ["d-i"])
        #expect(hostname.defaultValue == "debian")
        #expect(catalogue["partman/mount_style"]?.choices == ["traditional", "label", "uuid"])
        #expect(catalogue["apt-setup/local17/repository"]?.name == "apt-setup/local[0-9]/repository")
        #expect(catalogue["apt-setup/local/repository"] == nil)
        #expect(catalogue["apt-setup/local1a/repository"] == nil)
        #expect(catalogue["grub-pc/install_devices"]?.owners == ["grub-pc"])
    }

    @Test("every short name is one of a question")
    func aliases() throws {
        let catalogue = try shippedCatalogue()
        #expect(catalogue.aliases.count > 20)
        #expect(catalogue.aliases["hostname"]?.question == "netcfg/get_hostname")
        for (alias, target) in catalogue.aliases {
            #expect(catalogue[target.question]?.owners.contains(target.owner) == true, "\(alias)")
        }
    }

    @Test(
        "a file of another format is refused at its line",
        arguments: [
            ("a\tb", 1), ("releases\ta\nq/r\tstring\t*\td-i\t", 2), ("q/r\tint\t\td-i\t\t", 1), ("q/r\t\t\td-i\t\t", 1),
            ("q/r\tstring\t\t\t\t", 1), ("q/r\tseen\t\td-i\t\t", 1), ("releases\ta\n#\n\nq/r\tstring\tb\td-i\t\t", 4),
            ("\tstring\t\td-i\t\t", 1), ("alias\ta\tb", 1),
        ])
    func refused(text: String, line: Int) throws {
        let error = try #require(throws: PreseedError.self) { try QuestionCatalogue(parsing: text, file: "questions") }
        #expect(error.line == line && error.file == "questions")
    }

    @Test(
        "choices are separated by commas, of which a backslash makes letters",
        arguments: [
            ("a, b,c ", ["a", "b", "c"]), ("", []), (",,", []), ("a\\, b, c", ["a, b", "c"]),
            ("a\\b, \\", ["a\\b", "\\"]),
        ])
    func choices(text: String, expected: [String]) {
        #expect(CatalogueReader.choices(text) == expected)
    }
}
