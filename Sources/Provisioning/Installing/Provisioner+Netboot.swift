import Installer
import LinuxHost
import SystemPackage

extension Provisioner {
    /// Gets images of the installer into the store: all of them, proven, or none.
    ///
    /// - Throws: ``ProvisioningError``.
    package func fetch(
        _ fetch: NetbootFetch, into images: NetbootStore, run: String, log: FilePath?
    ) async throws(ProvisioningError) -> NetbootSet {
        let step = "Fetch the installer's images of \(fetch.archive.suite) for \(fetch.architecture)"
        // Of this run alone: files have the names of their content, so that two may be fetched at once.
        try begin(Self.netbootCommand, on: "netboot-\(run)", run: run, log: log)
        let began = host.clock.monotonic
        reporter.began(step, number: 1, of: 1)
        do {
            let set = try await images.fetch(
                fetch, effects: Effects(host: host, store: store, run: run), log: log, reporter: reporter, step: step)
            reporter.finished(step, seconds: host.clock.monotonic - began)
            await tidy(run: run, ends: true)
            return set
        } catch {
            reporter.failed(step)
            throw await failure(error, step: step, run: run, log: log, keeps: false)
        }
    }

    static let netbootCommand = "netboot fetch"

    /// Removes images that nobody needs.
    ///
    /// - Returns: those that were removed, and how many bytes the disk has got back.
    /// - Throws: ``ProvisioningError``, `temporary` while another run fetches some.
    package func prune(
        _ sets: [NetbootSet], from images: NetbootStore, run: String
    ) throws(ProvisioningError) -> (removed: [NetbootSet], freed: Int64) {
        do {
            if let other = try store.runs().first(where: { other in
                (other.command == Self.netbootCommand || other.command == "install")
                    && host.system.isRunning(other.process)
            }) {
                throw ProvisioningError(
                    "process \(other.process.number) is using the installer's images: none is removed",
                    exit: .temporary,
                    hint: "try again when it has ended")
            }
            return try images.remove(sets)
        } catch {
            throw ProvisioningError(error)
        }
    }
}

extension NetbootStore {
    /// Fetches under the journal: what a killed run leaves behind is in a directory with its number.
    func fetch(
        _ fetch: NetbootFetch, effects: Effects, log: FilePath?, reporter: any Reporter, step: String
    ) async throws -> NetbootSet {
        try prepare()
        let scratch = directory.appending(".domus-\(effects.run)")
        _ = try effects.createOwnDirectory(scratch, mode: 0o700, step: step)
        let set = try await fetch.run(
            at: NetbootFetch.Site(
                store: self, host: effects.host, scratch: scratch, log: log, note: { reporter.note($0) },
                progress: { reporter.progressed($0) }))
        try effects.host.files.removeTree(scratch)
        return set
    }
}
