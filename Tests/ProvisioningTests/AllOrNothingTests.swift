import FakeHost
import LinuxHost
import Provisioning
import Testing

/// Whatever happens at whatever moment: the machine is as it was, or the work is done, and nothing lies about.
@Suite("All or nothing")
struct AllOrNothingTests {
    @Test("without trouble the goal is reached and nothing else is left", arguments: Scenario.all)
    func untroubled(scenario: Scenario) async throws {
        let course = try await Course(scenario)
        let trial = try await course.trial()
        #expect(trial.world.leftovers.isEmpty)
        #expect(try trial.world.store.runs().isEmpty)
        #expect(course.beginning != course.finish)
        #expect(course.effects > 2)
    }

    @Test("what fails is taken back with all before it", arguments: Scenario.all, [false, true])
    func failure(scenario: Scenario, isHalfDone: Bool) async throws {
        let course = try await Course(scenario)
        var failures = 0
        for number in 1...course.effects {
            let trial = try await course.trial(isHalfDone ? .failAmid(number) : .failBefore(number))
            let place: Comment = "effect \(number): \(trial.effect(number))"
            if let error = trial.error, try !isCommitted(trial, course) {
                failures += 1
                #expect(error.left.isEmpty, place)
                #expect(!error.message.isEmpty, place)
                #expect(error.step != nil, place)
                #expect(![.success, .software, .usage, .interrupted].contains(error.exit), place)
                #expect(difference(try trial.world.state(), from: course.beginning) == [], place)
            } else if trial.effect(number).hasPrefix("run /usr/lib/apt/apt-helper") {
                // The mirror is asked for another file then; only inode numbers differ.
                #expect(trial.error == nil)
            } else {
                // Beyond the commit.
                trial.world.machine.end(trial.process.process)
                #expect(try await Work.recover(trial.world).isEmpty, place)
                #expect(difference(try trial.world.state(), from: course.finish) == [], place)
            }
            #expect(trial.world.leftovers.isEmpty, place)
        }
        #expect(failures > 1)
    }

    enum Moment: CaseIterable {
        case before, amid, after

        func fault(_ number: Int) -> FakeHost.Fault {
            switch self {
            case .before: .killBefore(number)
            case .amid: .killAmid(number)
            case .after: .killAfter(number)
            }
        }
    }

    @Test("what a kill leaves behind, recovery takes back or finishes", arguments: Scenario.all, Moment.allCases)
    func kill(scenario: Scenario, moment: Moment) async throws {
        let course = try await Course(scenario)
        var finished = 0
        for number in 1...course.effects {
            let trial = try await course.trial(moment.fault(number))
            let place: Comment = "effect \(number): \(trial.effect(number))"
            #expect(trial.process.isDead, place)
            let isCommitted = try isCommitted(trial, course)
            // As after a power failure.
            trial.world.machine.tree.device += 1
            #expect(try await Work.recover(trial.world).isEmpty, place)
            let expected = isCommitted ? course.finish : course.beginning
            #expect(difference(try trial.world.state(), from: expected) == [], place)
            #expect(trial.world.leftovers.isEmpty, place)
            // Once the goal is reached it stays so.
            #expect(isCommitted || finished == 0, place)
            if isCommitted { finished += 1 }
        }
        #expect((scenario.tidies ? 1..<course.effects : 0..<1).contains(finished))
    }

    @Test("an interrupted run is taken back, or was through already", arguments: Scenario.all)
    func cancellation(scenario: Scenario) async throws {
        let course = try await Course(scenario)
        var interruptions = 0
        for number in 1...course.effects {
            let trial = try await course.trial(.cancelBefore(number))
            let place: Comment = "effect \(number): \(trial.effect(number))"
            if let error = trial.error {
                interruptions += 1
                #expect(error.exit == .interrupted, place)
                #expect(error.message == "the run was interrupted", place)
                #expect(error.left.isEmpty, place)
            }
            let expected = trial.error == nil ? course.finish : course.beginning
            #expect(difference(try trial.world.state(), from: expected) == [], place)
        }
        #expect(interruptions > 0)
    }

    @Test("taking back may itself be killed, at every effect, and is taken up again", arguments: Scenario.manifold)
    func killedRollback(scenario: Scenario) async throws {
        let course = try await Course(scenario)
        for number in 1...course.effects {
            for later in (number + 1)... {
                let trial = try await course.trial(.failBefore(number), .killAmid(later))
                guard trial.process.isDead else { break }
                let place: Comment = "effect \(number), then \(later): \(trial.effect(later))"
                let expected = try isCommitted(trial, course) ? course.finish : course.beginning
                #expect(try await Work.recover(trial.world).isEmpty, place)
                #expect(difference(try trial.world.state(), from: expected) == [], place)
            }
        }
    }

    @Test("what taking back cannot do is told, kept in the journal, and destroys nothing", arguments: Scenario.manifold)
    func failedRollback(scenario: Scenario) async throws {
        let course = try await Course(scenario)
        for number in 1...course.effects {
            for later in (number + 1)... {
                let trial = try await course.trial(.failBefore(number), .failAmid(later))
                guard trial.process.effects.count >= later else { break }
                let place: Comment = "effect \(number), then \(later): \(trial.effect(later))"
                let expected = try isCommitted(trial, course) ? course.finish : course.beginning
                if let error = trial.error, try !trial.world.store.runs().isEmpty {
                    #expect(!error.left.isEmpty || error.message.contains("could be removed"), place)
                }
                trial.world.machine.end(trial.process.process)
                #expect(try await Work.recover(trial.world).isEmpty, place)
                #expect(difference(try trial.world.state(), from: expected) == [], place)
            }
        }
    }

    @Test("recovery may itself be killed, and is taken up by the next", arguments: Scenario.manifold)
    func killedRecovery(scenario: Scenario) async throws {
        let course = try await Course(scenario)
        for number in 1...course.effects {
            for later in 1... {
                let trial = try await course.trial(.killAfter(number))
                let expected = try isCommitted(trial, course) ? course.finish : course.beginning
                let second = trial.world.process([.killAmid(later)])
                _ = try await Work.recover(trial.world, as: second)
                guard second.isDead else { break }
                #expect(try await Work.recover(trial.world).isEmpty)
                #expect(difference(try trial.world.state(), from: expected) == [], "\(number), \(later)")
            }
        }
    }

    /// Whether the records say that the work is done.
    private func isCommitted(_ trial: Trial, _ course: Course) throws -> Bool {
        let records = { (state: [String: String]) in state.filter { $0.key.hasPrefix("record of ") } }
        return try records(trial.world.state()) == records(course.finish)
    }
}
