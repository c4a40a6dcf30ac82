import FakeHost
import LinuxHost
import Provisioning
import Testing

/// One scenario under given faults, and what came of it.
struct Trial {
    let world: World
    let process: FakeHost
    /// nil when it reached its goal.
    let error: ProvisioningError?

    init(_ scenario: Scenario, on start: World, faults: [FakeHost.Fault] = []) async throws {
        let world = try start.copy()
        let process = world.process(faults)
        self.world = world
        self.process = process
        // A task of its own, because a fault may be its cancellation.
        let result = await Task {
            try await FakeHost.$isForeground.withValue(true) { try await scenario.work(world, process) }
        }.result
        switch result {
        case .success: error = nil
        case .failure(let failure): error = try #require(failure as? ProvisioningError)
        }
    }

    /// What the effect at which it broke off was, for messages.
    func effect(_ number: Int) -> String {
        process.effects.indices.contains(number - 1) ? process.effects[number - 1] : "none"
    }
}

/// A scenario with its state before and after, once.
struct Course {
    let scenario: Scenario
    let start: World
    let beginning: [String: String]
    let finish: [String: String]
    /// How many effects it has when nothing goes wrong.
    var effects: Int { names.count }
    /// What they are, in order.
    let names: [String]

    init(_ scenario: Scenario) async throws {
        self.scenario = scenario
        start = try await scenario.beginning().copy()
        beginning = try start.state()
        let trial = try await Trial(scenario, on: start)
        if let error = trial.error { throw error }
        finish = try trial.world.state()
        names = trial.process.effects
    }

    func trial(_ faults: FakeHost.Fault...) async throws -> Trial {
        try await Trial(scenario, on: start, faults: faults)
    }
}

/// The difference of two states, for people.
func difference(_ state: [String: String], from expected: [String: String]) -> [String] {
    if state == expected { return [] }
    return Set(state.keys).union(expected.keys).sorted().filter { state[$0] != expected[$0] }
        .map { "\($0): \(state[$0] ?? "not there") instead of \(expected[$0] ?? "nothing")" }
}
