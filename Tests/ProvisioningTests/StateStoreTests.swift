import Provisioning
import TestSupport
import Testing

/// The database of runs and records.
@Suite("The database")
struct StateStoreTests {
    @Test("many processes may use a new directory for the first time at the same moment")
    func together() async throws {
        for _ in 0..<20 {
            try await withTemporaryDirectory { directory in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let runs = try StateStore(directory: directory).runs()
                            #expect(runs.isEmpty)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }
}
