import GuestModel
import Testing
import XenConfig

@Suite("Reading as libxlu reads")
struct AgreementTests {
    @Test(
        "libxlu and Domus agree on each of 12,000 configurations, in what they refuse and in every value", Oracle.isHere
    )
    func configurations() async throws {
        var writer = ConfigurationWriter(seed: 2026)
        var texts: [[UInt8]] = []
        for _ in 0..<4000 {
            texts += [Array(writer.configuration().utf8), writer.mutated(), Array(writer.soup().utf8)]
        }
        let oracle = try await Oracle()
        let version = try await oracle.version()
        let answers = try await oracle.answers(to: texts, kind: "C")
        #expect(answers.count == texts.count)
        var disagreements: [String] = []
        for (text, theirs) in zip(texts, answers) {
            let mine = Reading(configuration: text, for: version)
            if mine != theirs.repaired {
                disagreements.append(
                    "\(String(decoding: text, as: UTF8.self).debugDescription): \(mine), libxlu: \(theirs)")
            }
        }
        #expect(disagreements.prefix(20) == [])
        #expect(disagreements.count == 0)
        // Else it would compare little.
        let refused = answers.count { $0 == .refused }
        #expect((3000...9000).contains(refused), "\(refused) of \(texts.count) are refused")
    }
}

extension AgreementTests {
    @Test("libxlu and Domus agree on each of 12,000 disk strings", Oracle.isHere)
    func disks() async throws {
        var writer = ConfigurationWriter(seed: 4321)
        let texts = (0..<12_000).map { _ in writer.disk() }
        let oracle = try await Oracle()
        let version = try await oracle.version()
        let answers = try await oracle.answers(to: texts.map { Array($0.utf8) }, kind: "D")
        #expect(answers.count == texts.count)
        var disagreements: [String] = []
        for (text, theirs) in zip(texts, answers) {
            // libxl refuses an empty device a moment later; and no target is one that is empty.
            let theirs = theirs["vdev"] == "s" ? .refused : theirs.withoutEmptyTarget
            let mine = Reading(disk: text, for: version)
            if mine != theirs { disagreements.append("\(text.debugDescription): \(mine), libxlu: \(theirs)") }
        }
        #expect(disagreements.prefix(40) == [])
        #expect(disagreements.count == 0)
        let refused = answers.count { $0 == .refused }
        #expect((3000...9000).contains(refused), "\(refused) of \(texts.count) are refused")
    }
}

extension Reading {
    fileprivate var withoutEmptyTarget: Reading {
        guard case .read(var values) = self, values["format"] == "s656d707479", values["target"] == "s" else {
            return self
        }
        values["target"] = nil
        return .read(values)
    }
}
