import LinuxHost

/// Runs that were killed: found by every command, ended by `domus recover`.
package struct Recovery: Sendable {
    let host: Host
    let store: StateStore

    package init(host: Host, store: StateStore) {
        self.host = host
        self.store = store
    }

    /// The runs whose process is gone, oldest first.
    package func unfinished() throws(ProvisioningError) -> [RunEntry] {
        do {
            return try store.runs().filter { !host.system.isRunning($0.process) }
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// What recovering a run would do, newest effect first, for `--dry-run`.
    package func effects(of run: RunEntry) throws(ProvisioningError) -> [EffectEntry] {
        do {
            return try store.effects(of: run.id).reversed()
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Takes back what a killed run did; of one that had reached its goal, tidies up.
    package func recover(_ run: RunEntry) async -> Rollback.Outcome {
        await Rollback(host: host, store: store).undo(run: run.id)
    }

    /// Forgets a run and leaves what it made; a guest that it was to replace gets its place again.
    package func keep(_ run: RunEntry) async -> Rollback.Outcome {
        await Rollback(host: host, store: store).keep(run: run.id)
    }
}
