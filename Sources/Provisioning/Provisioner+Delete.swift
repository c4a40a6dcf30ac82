import LinuxHost
import SystemPackage

extension Provisioner {
    /// What deleting a guest removes, for `--dry-run` and the report.
    package struct Deletion: Sendable {
        package let record: GuestRecord
        /// What will be, or was, removed.
        package let paths: [String]
        /// What the record names and is no longer there, or is no longer what Domus made.
        package let missing: [String]
    }

    /// Looks up what belongs to a guest, without changing anything.
    ///
    /// - Throws: ``ProvisioningError`` for a name that Domus does not know.
    package func deletion(of name: String) throws(ProvisioningError) -> Deletion {
        do {
            guard let record = try store.record(named: name) else {
                throw ProvisioningError(
                    "there is no guest \"\(name)\" that Domus made", exit: .noInput,
                    hint: "domus list shows those that there are")
            }
            var paths: [String] = []
            var missing: [String] = []
            for owned in [record.directory, record.configuration] {
                switch try host.files.entry(at: FilePath(owned.path)) {
                case let entry? where entry.identity == owned.identity: paths.append(owned.path)
                case nil: missing.append("\(owned.path): it is gone")
                default: missing.append("\(owned.path): it is not the one that Domus made")
                }
            }
            return Deletion(record: record, paths: paths, missing: missing)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Removes a guest: all that its record names, nothing else, and all of it or nothing.
    ///
    /// The files first get names of their own, in their own directories; then, in one transaction, the record goes and
    /// the journal turns from giving the names back to removing the files.
    package func delete(_ deletion: Deletion, run: String) async throws(ProvisioningError) {
        let record = deletion.record
        let step = "Delete \(record.hostname)"
        do {
            try store.begin(
                RunEntry(
                    id: run, command: "delete", guest: record.hostname, process: host.system.thisProcess,
                    started: host.clock.seconds, log: nil), isRunning: host.system.isRunning)
        } catch {
            throw ProvisioningError(error)
        }
        do {
            // The name is this run's only from here on: another one may have replaced the guest in between.
            guard try store.record(named: record.hostname) == record else {
                throw ProvisioningError(
                    "\(record.hostname) has been changed or deleted by another run in between", exit: .temporary,
                    hint: "domus list shows what there is now")
            }
            let effects = Effects(host: host, store: store, run: run)
            var tidying: [Undo] = []
            for owned in [record.configuration, record.directory] where deletion.paths.contains(owned.path) {
                let path = FilePath(owned.path)
                let aside = path.removingLastComponent().appending(
                    ".domus-\(run).\(owned == record.directory ? "guest" : "cfg")")
                try effects.setAside(path, as: aside, identity: owned.identity, step: step)
                tidying.append(
                    owned == record.directory
                        ? .removeTree(path: aside.string, identity: owned.identity)
                        : .removeFile(path: aside.string, identity: owned.identity))
            }
            try Task.checkCancellation()
            try store.commit(run: run, removing: record.hostname, tidying: tidying)
        } catch {
            throw await failure(error, step: step, run: run, log: nil, keeps: false)
        }
        let outcome = Rollback(host: host, store: store).undo(run: run)
        if let first = outcome.left.first {
            throw ProvisioningError(
                "\(record.hostname) is deleted, but not all of it could be removed: \(first)", exit: .inputOutput,
                hint: "domus recover tries again")
        }
    }
}
