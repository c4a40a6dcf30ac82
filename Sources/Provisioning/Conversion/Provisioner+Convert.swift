import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

extension Provisioner {
    /// A configuration as it is, and as it is to be.
    package struct Converted: Sendable {
        package let record: GuestRecord
        package let type: GuestType
        package let configuration: FilePath
        package let before: [UInt8]
        package let after: [UInt8]
        /// What should be known of it.
        package var notes: [String]
        /// Whether the file is the one that Domus made, or last changed.
        fileprivate let identity: FileIdentity
        fileprivate let mode: UInt32

        package var isChanged: Bool { before != after || record.type != type.rawValue }
    }

    /// Looks up what a guest's configuration is as that of another type, without changing anything.
    ///
    /// - Throws: ``ProvisioningError`` for a type that the guest cannot be, with the reason.
    package func conversion(
        of name: String, to type: GuestType, wish: ConversionWish?, for version: XenVersion
    ) async throws(ProvisioningError) -> Converted {
        do {
            guard let record = try store.record(named: name) else {
                throw ProvisioningError(
                    "there is no guest \"\(name)\" that Domus made", exit: .noInput,
                    hint: "domus list shows those that there are")
            }
            try record.checkInstalled()
            if let run = try store.runs().first(where: { $0.guest == name }) {
                throw host.system.isRunning(run.process) ? StateError.busy(run) : StateError.unfinished(run)
            }
            let path = FilePath(record.configuration.path)
            guard let entry = try host.files.entry(at: path), entry.kind == .file else {
                throw ProvisioningError(
                    "\(path), the guest's configuration, is not there, or no plain file", exit: .noInput,
                    hint: "what a link leads to is not Domus' to replace")
            }
            let bytes = try host.files.contents(of: path, limit: ConfigurationReading.limit)
            var document = try XenConfigDocument(parsing: bytes, file: path.string, for: version)
            let old = try ConfigurationReading(parsing: bytes, file: path.string, for: version).problems
            let notes = try Conversion(
                record: record, type: type, version: version, wish: wish, loaders: try loaders(),
                kernels: try kernels(of: record, document.file)
            ).apply(to: &document)
            // Proven before it is written: what was wrong before may stay so, and nothing else may be.
            let new = try ConfigurationReading(parsing: document.bytes, file: path.string, for: version).problems
            let known = Set(old.map(\.message))
            if let problem = new.first(where: { $0.severity == .error && !known.contains($0.message) }) {
                throw ProvisioningError(
                    "the configuration would not be right as that of a guest of type \(type): \(problem.message)",
                    exit: .configuration, hint: problem.hint)
            }
            return Converted(
                record: record, type: type, configuration: path, before: bytes, after: document.bytes, notes: notes,
                identity: entry.identity, mode: entry.mode & 0o777)
        } catch {
            throw ProvisioningError(error)
        }
    }

    package typealias ConversionWish = Conversion.Wish

    private func loaders() throws -> [GuestType: FilePath] {
        var loaders: [GuestType: FilePath] = [:]
        for type in [GuestType.pv, .pvh] {
            let path = GRUBForXen.path(for: type)
            if try host.files.entry(at: path) != nil { loaders[type] = path }
        }
        return loaders
    }

    private func kernels(of record: GuestRecord, _ file: XenConfigFile) throws -> [String: KernelImage] {
        var kernels: [String: KernelImage] = [:]
        let files = host.files
        for name in Set([record.boot?.kernel, file["kernel"]?.text].compactMap(\.self)) {
            let path = FilePath(name)
            guard path.isAbsolute, try files.entry(at: path) != nil,
                try files.entry(at: files.resolved(path))?.kind == .file
            else { continue }
            kernels[name] = try KernelImage { offset, count throws(HostError) in
                try files.bytes(of: path, at: Int64(offset), count: count)
            }
        }
        return kernels
    }

    /// Writes the configuration that was looked up. When something fails, the old one is in its place.
    ///
    /// - Parameter run: the run's number.
    package func convert(_ converted: Converted, run: String) async throws(ProvisioningError) {
        let name = converted.record.hostname
        let step = "Make \(name) a guest of type \(converted.type)"
        try begin("convert", on: name, run: run)
        let effects = Effects(host: host, store: store, run: run)
        do {
            guard try store.record(named: name) == converted.record else {
                throw ProvisioningError(
                    "\(name) has been changed or deleted by another run in between", exit: .temporary,
                    hint: "domus list shows what there is now")
            }
            let path = converted.configuration
            let directory = path.removingLastComponent()
            let temporary = directory.appending(".domus-\(run).new")
            let aside = directory.appending(".domus-\(run).old")
            let identity = try effects.createOwnFile(
                temporary, contents: converted.after, mode: converted.mode, step: step)
            try Task.checkCancellation()
            guard try host.files.contents(of: path, limit: ConfigurationReading.limit) == converted.before else {
                throw ProvisioningError(
                    "\(path) has been changed by somebody else in between", exit: .temporary, hint: "try again")
            }
            try effects.setAside(path, as: aside, identity: converted.identity, step: step)
            try effects.publish(temporary, as: path, identity: identity, isDirectory: false, step: step)
            try host.files.synchronize(directory)
            var record = converted.record
            record.type = converted.type.rawValue
            // A file that somebody else has put in its place stays theirs.
            if record.configuration.identity == converted.identity {
                record.configuration = .init(path: path, identity: identity)
            }
            try store.commit(
                run: run, saving: record, tidying: [.removeFile(path: aside.string, identity: converted.identity)])
        } catch {
            throw await failure(error, step: step, run: run, log: nil, keeps: false)
        }
        let outcome = await completed(run: run)
        for complaint in outcome.left { reporter.warn("\(complaint); domus recover tries again") }
    }
}

/// Debian's package grub-xen-host. The PVH loader boots guests of either word size.
package enum GRUBForXen {
    package static func path(for type: GuestType) -> FilePath {
        type == .pvh ? "/usr/lib/grub-xen/grub-i386-xen_pvh.bin" : "/usr/lib/grub-xen/grub-x86_64-xen.bin"
    }
}
