import GuestModel
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
        /// Devices that the guest was given: they stay, with what is on them.
        package let kept: [String]
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
            let owned: [GuestRecord.OwnedFile] =
                switch record.imported {
                case nil: [record.directory, record.configuration]
                case .libvirt: [record.configuration]
                case .xl: []
                }
            for owned in owned {
                switch try host.files.entry(at: FilePath(owned.path)) {
                case let entry? where entry.identity == owned.identity: paths.append(owned.path)
                case nil: missing.append("\(owned.path): it is gone")
                default: missing.append("\(owned.path): it is not the one that Domus made")
                }
            }
            let volumes = try OwnedVolumes(of: record, host: host)
            paths += volumes.present.map(\.path)
            missing += volumes.missing
            paths += try links(to: record).map(\.path)
            return Deletion(record: record, paths: paths, missing: missing, kept: record.givenDevices)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Looks whether somebody uses the guest's volumes, or has made something of them.
    package func checkRemovable(_ deletion: Deletion) throws(ProvisioningError) {
        do {
            try OwnedVolumes(of: deletion.record, host: host).checkRemovable()
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// That it does not run: what is deleted under a guest is lost when it ends.
    package func checkEnded(_ record: GuestRecord) async throws(ProvisioningError) {
        guard let domain = try await XenHost(host: host).domain(named: record.hostname) else { return }
        throw ProvisioningError(
            "the guest \(record.hostname) is running (domain \(domain)); it is not deleted", exit: .temporary,
            hint: XenHost.hint(toEnd: record.hostname))
    }

    /// The links that go with a guest: they would lead nowhere. Not those to a configuration that stays, because
    /// somebody has put it in the place of ours.
    private func links(to record: GuestRecord) throws(HostError) -> [GuestRecord.OwnedFile] {
        guard record.imported != .xl else { return [] }
        let entry = try host.files.entry(at: FilePath(record.configuration.path))
        guard entry == nil || entry?.identity == record.configuration.identity else { return [] }
        return try AutomaticStart(of: record, files: host.files).links()
    }

    /// Removes a guest: all that its record names, the links that lead to its configuration from `auto`, nothing else,
    /// and all of it or nothing.
    ///
    /// The files first get names of their own, in their own directories; then, in one transaction, the record goes and
    /// the journal turns from giving the names back to removing the files.
    ///
    /// - Returns: what was removed.
    @discardableResult
    package func delete(_ deletion: Deletion, run: String) async throws(ProvisioningError) -> [String] {
        let record = deletion.record
        let step = "Delete \(record.hostname)"
        try begin("delete", on: record.hostname, run: run)
        var removed: [String] = []
        do {
            // The name is this run's only from here on: another one may have replaced the guest in between.
            guard try store.record(named: record.hostname) == record else {
                throw ProvisioningError(
                    "\(record.hostname) has been changed or deleted by another run in between", exit: .temporary,
                    hint: "domus list shows what there is now")
            }
            // One of many has waited for the others.
            try await checkEnded(record)
            let volumes = try OwnedVolumes(of: record, host: host)
            try volumes.checkRemovable()
            let effects = Effects(host: host, store: store, run: run)
            var tidying: [Undo] = []
            func setAside(_ owned: GuestRecord.OwnedFile, as name: String, isDirectory: Bool = false) throws {
                let path = FilePath(owned.path)
                let aside = path.removingLastComponent().appending(".domus-\(run).\(name)")
                try effects.setAside(path, as: aside, identity: owned.identity, step: step)
                tidying.append(
                    isDirectory
                        ? .removeTree(path: aside.string, identity: owned.identity)
                        : .removeFile(path: aside.string, identity: owned.identity))
                removed.append(owned.path)
            }
            // The links as they are now, and first: none must lead nowhere, even when the power fails in between.
            for (number, link) in try links(to: record).enumerated() { try setAside(link, as: "auto\(number)") }
            let links = removed
            removed = []
            if deletion.paths.contains(record.configuration.path) { try setAside(record.configuration, as: "cfg") }
            if deletion.paths.contains(record.directory.path) {
                try setAside(record.directory, as: "guest", isDirectory: true)
            }
            removed = removed.reversed() + links
            let files = removed
            for (number, owned) in volumes.present.enumerated() where deletion.paths.contains(owned.path) {
                let aside = "domus-\(run)-old\(number)"
                try effects.setAside(owned, as: aside, step: step)
                tidying.append(.removeVolume(group: owned.group, name: aside, uuid: owned.uuid, tag: VolumeTags.all))
                removed.append(owned.path)
            }
            // The names are to be gone from the disk before the record is.
            for directory in Set(files.map { FilePath($0).removingLastComponent().string }).sorted() {
                try host.files.synchronize(FilePath(directory))
            }
            try Task.checkCancellation()
            try store.commit(run: run, removing: record.hostname, tidying: tidying)
        } catch {
            throw await failure(error, step: step, run: run, log: nil, keeps: false)
        }
        let outcome = await completed(run: run)
        if let first = outcome.left.first {
            throw ProvisioningError(
                "\(record.hostname) is deleted, but not all of it could be removed: \(first)", exit: .inputOutput,
                hint: "domus recover tries again")
        }
        return removed
    }
}
