import TestSupport
import Testing

@testable import Installer

@Suite("Preseed files that nobody wrote")
struct PreseedPropertyTests {
    @Test("whatever is read is written in one way, and read back the same")
    func roundTrip() throws {
        var random = Seeded(state: 20_260_601)
        var accepted = 0
        for _ in 0..<4000 {
            let text = PreseedWriter.file(using: &random)
            guard let file = try? Preseed(parsing: text, file: "guest.cfg") else { continue }
            accepted += file.entries.isEmpty ? 0 : 1
            let written = file.rendered()
            let again = try Preseed(parsing: written, file: "guest.cfg")
            #expect(again.rendered() == written, "\(text.debugDescription)")
            #expect(again.entries.map(\.rendered) == file.entries.map(\.rendered), "\(text.debugDescription)")
            for entry in file.entries { #expect(entry.line.map { $0 > 0 } == true) }
        }
        #expect(accepted > 1000)
    }

    @Test("damage to a file never traps, and never shows the password in it")
    func damage() throws {
        let catalogue = try shippedCatalogue()
        let original = Array((usual + "d-i passwd/root-password password hunter2\n").utf8)
        var random = Seeded(state: 7)
        for _ in 0..<200 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<6, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert("\n\\# \t\r\0-:@".utf8.randomElement(using: &random) ?? 0, at: place)
                default: bytes.removeSubrange(place..<min(bytes.endIndex, place + 40))
                }
            }
            var said = ""
            do {
                let file = try Preseed(parsing: String(decoding: bytes, as: UTF8.self), file: "guest.cfg")
                said += "\(file) \(file.problems(against: catalogue, release: "bookworm"))"
                _ = try file.hashingPasswords { "$5$a$" + String(repeating: "x", count: $0.reveal().isEmpty ? 1 : 43) }
            } catch {
                said += "\(error)"
            }
            #expect(!said.contains("hunter2"))
        }
    }

    @Test("damage to a catalogue never traps")
    func damagedCatalogue() {
        let text = "releases\ta b\nalias\th\tx/h\td-i\nx/[0-9]/h\tselect|string\ta\td-i,p\tdef\ta\\, b, c\n"
        var random = Seeded(state: 11)
        for _ in 0..<3000 {
            var bytes = Array(text.utf8)
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard
                let catalogue = try? QuestionCatalogue(
                    parsing: String(decoding: bytes, as: UTF8.self), file: "questions")
            else { continue }
            _ = catalogue["x/1/h"]
            _ = catalogue["x/h"]
        }
    }
}

/// Makes preseed files of what is difficult in them.
enum PreseedWriter {
    private static let pieces = [
        "a", "b  c", " ", "\t", "\\", "\\\\", "\\\n", " \\\n  ", "\\\n\n", "\\\n# x\n", "\\\n#\\\n", "#", "\r", "-n",
        "-e", "ü", "*",
        "?", "[a]", "$x", "$(y)", "`z`", "\"", "'", "%s", "\\n", ";", "|", "true", "😀", "\\\n-x", "~", "!", "&", "{ }",
        "=",
    ]

    static func file(using random: inout Seeded) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: text += "#" + pieces.randomElement(using: &random)! + "\n"
            case 1: text += " \t".prefix(Int.random(in: 0...2, using: &random)) + "\n"
            case 2:
                text += "d-i t/q\(Int.random(in: 0..<4, using: &random)) seen "
                text += Bool.random(using: &random) ? "true\n" : "false\n"
            default:
                text += blanks(0, &random) + "d-i" + blanks(1, &random) + "t/q\(Int.random(in: 0..<4, using: &random))"
                text += blanks(1, &random) + (PreseedType.allCases.dropLast().randomElement(using: &random)!.rawValue)
                let count = Int.random(in: 0..<6, using: &random)
                if count > 0 { text += blanks(1, &random) }
                for _ in 0..<count { text += pieces.randomElement(using: &random)! }
                text += Int.random(in: 0..<8, using: &random) == 0 ? "\r\n" : "\n"
            }
        }
        return text
    }

    private static func blanks(_ least: Int, _ random: inout Seeded) -> String {
        let choices = ["", " ", "  ", "\t", " \t ", " \\\n", "\\\n  "]
        return choices[(least == 0 ? 0 : 1)...].randomElement(using: &random)!
    }
}
