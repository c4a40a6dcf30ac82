import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Testing

@Suite("Passwords are nowhere but where they must be")
struct SecrecyTests {
    @Test("a given password reaches chpasswd's input and nothing else", arguments: [PasswordHash.sha512, nil])
    func given(hash: PasswordHash?) async throws {
        let password = "correct-horse"
        let world = try World()
        let process = world.process()
        let reporter = Telling()
        let created = try await Work.create(
            Sample.guest { spec in
                spec.tailoring.rootPassword = .given(Sample.secret(password))
                spec.tailoring.passwordHash = hash
                spec.tailoring.extraVariables = ["colour": "blue"]
            }, in: world, as: process, reporter: reporter)
        try search(for: password, world, process, reporter, "\(created.record)")
        let setting = try #require(process.invocations.map(ConfinedCommand.init).first { $0.executable == "chpasswd" })
        #expect(setting.input == Array("root:\(password)\n".utf8))
        #expect(setting.arguments == (hash == nil ? [] : ["-c", "SHA512"]))
        #expect(created.findings.password == nil)
    }

    @Test("a generated password is shown once, as long as asked, and is kept nowhere")
    func generated() async throws {
        let world = try World()
        let process = world.process()
        let reporter = Telling()
        let created = try await Work.create(
            Sample.guest { $0.tailoring.rootPassword = .generated(length: 12) }, in: world, as: process,
            reporter: reporter)
        let password = try #require(created.findings.password).reveal()
        #expect(password.count == 12)
        try search(for: password, world, process, reporter, "\(created.record)")
        #expect("\(created.findings)".contains(password) == false)
    }

    private func search(
        for password: String, _ world: World, _ process: FakeHost, _ reporter: Telling, _ record: String
    ) throws {
        var inputs = 0
        for invocation in process.invocations {
            #expect(!invocation.commandLine.contains(password))
            #expect(!invocation.environment.values.contains { $0.contains(password) })
            if case .bytes(let bytes) = invocation.input, String(decoding: bytes, as: UTF8.self).contains(password) {
                inputs += 1
            }
        }
        #expect(inputs == 1)
        #expect(!process.effects.contains { $0.contains(password) })
        #expect(!world.machine.tree.snapshot().values.contains { $0.contains(password) })
        #expect(!reporter.told.contains { $0.contains(password) })
        #expect(!record.contains(password))
        #expect(world.machine.tree.text(Work.log.string)?.contains("chpasswd") == true)
    }
}
