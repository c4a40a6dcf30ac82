import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

extension Provisioner {
    /// A guest of another tool's, as Domus will know it.
    package struct Import: Sendable {
        /// Its configuration's identity, and that of the directory, are not known before it is written.
        package fileprivate(set) var record: GuestRecord
        /// The configuration that is written; nil where it is there already.
        package let text: String?
        fileprivate let mode: UInt32
        /// What should be known of it.
        package let problems: [Problem]
    }

    /// Looks up what is known of a guest by its configuration, without changing anything.
    ///
    /// - Parameters:
    ///   - source: an xl configuration, or a libvirt domain.
    ///   - configuration: where the xl configuration of a libvirt domain goes, by the guest's name.
    /// - Throws: ``ProvisioningError`` for what is neither, and for a guest that Domus knows.
    package func importing(
        _ source: FilePath, for version: XenVersion, configuration: (Hostname) -> FilePath
    ) throws(ProvisioningError) -> Import {
        do {
            let bytes = try host.files.contents(of: source, limit: 1 << 18)
            let isXML = bytes.first { ![9, 10, 13, 32].contains($0) } == UInt8(ascii: "<")
            // What the other commands read of it.
            guard isXML || bytes.count <= ConfigurationReading.limit else {
                throw ProvisioningError(
                    "\(source) has \(bytes.count) bytes, and a configuration has \(ConfigurationReading.limit) at most",
                    exit: .badData)
            }
            var problems: [Problem] = []
            let file: XenConfigFile
            var text: String?
            if isXML {
                let reading = try LibvirtReading(parsing: bytes, file: source.string, for: version)
                problems = reading.notes
                file = reading.file
                let written = try "# Read from a libvirt domain by Domus.\n" + file.text()
                // Proven before it is written.
                let read = try XenConfigFile(parsing: written, for: version)
                guard read.entries.map(\.key) == file.entries.map(\.key),
                    read.entries.map(\.value.text) == file.entries.map(\.value.text)
                else {
                    throw ProvisioningError("\(source) makes a configuration that reads otherwise", exit: .software)
                }
                text = written
            } else {
                let reading = try ConfigurationReading(parsing: bytes, file: source.string, for: version)
                problems = reading.problems
                file = reading.file
            }
            guard let given = file["name"]?.text else {
                throw ProvisioningError("\(source) names no guest", exit: .configuration)
            }
            let name = try Hostname(given)
            let type = GuestSummary(from: file, for: version).type
            guard GuestType.allCases.contains(where: { $0.xlName == type }) else {
                throw ProvisioningError(
                    "\(source): there is no guest of type \"\(type)\"", exit: .configuration,
                    hint: "domus check shows what else is wrong with it")
            }
            if try store.record(named: name.name) != nil {
                throw ProvisioningError(
                    "there is a guest \(name) already that Domus knows", exit: .cannotCreate,
                    hint: "domus list shows what it knows of it")
            }
            // A link may lead elsewhere tomorrow.
            let path = try isXML ? configuration(name) : host.files.resolved(source)
            if isXML, try host.files.entry(at: path) != nil {
                throw ProvisioningError(
                    "\(path) is there already", exit: .cannotCreate,
                    hint: "import that; or --output names another directory")
            }
            // A domain may hold passwords.
            let mode = try (host.files.entry(at: host.files.resolved(source))?.mode ?? 0o600) & 0o644
            return Import(
                record: try record(name, file, GuestSummary(from: file, for: version), path, isXML ? .libvirt : .xl),
                text: text, mode: mode, problems: problems)
        } catch let error as ValueError {
            throw ProvisioningError("\(source): \(error.message)", exit: .configuration, hint: error.hint)
        } catch {
            throw ProvisioningError(error)
        }
    }

    private func record(
        _ name: Hostname, _ file: XenConfigFile, _ summary: GuestSummary, _ path: FilePath, _ source: GuestRecord.Source
    ) throws -> GuestRecord {
        var images: [GuestRecord.Image] = []
        for disk in summary.disks {
            guard let target = disk.target, disk.script == nil, disk.backend == nil, !disk.isCDROM,
                FilePath(target).isAbsolute
            else { continue }
            guard try host.files.entry(at: FilePath(target)) != nil,
                let entry = try host.files.entry(at: host.files.resolved(FilePath(target)))
            else {
                throw ProvisioningError(
                    "the disk \(target) of \(name) is not there", exit: .noInput,
                    hint: "import a guest on the host that has its disks")
            }
            let size = try host.files.blockDevice(at: FilePath(target))?.size.bytes ?? entry.size
            images.append(.init(path: target, size: size, device: disk.vdev))
        }
        let isPVHVM = summary.type == "hvm" && file["xen_platform_pci"]?.integer != 0
        // What a machine with firmware has for its kernel is hvmloader, which xl finds itself.
        let kernel = summary.type == "hvm" ? nil : file["kernel"]?.text
        let isGRUB = kernel.map(XenConfigFile.isGRUBForXen) ?? false
        let interfaces = summary.vifs.map { vif in
            GuestRecord.Interface(
                mac: vif.mac?.description, bridge: vif.bridge, dhcp: vif.addresses.isEmpty, addresses: vif.addresses)
        }
        // What is in it Domus does not know.
        let unknown = "unknown"
        let nowhere = FileIdentity(device: 0, inode: 0, birth: nil)
        var record = GuestRecord(
            hostname: name.name, distribution: unknown, codename: unknown, architecture: unknown,
            type: isPVHVM ? GuestType.pvhvm.rawValue : summary.type, memoryMiB: Int64(summary.memory ?? 0),
            virtualCPUs: summary.virtualCPUs, mac: interfaces.first?.mac ?? "",
            addresses: interfaces.first?.addresses ?? [], bridge: interfaces.first?.bridge,
            furtherInterfaces: Array(interfaces.dropFirst()), installMethod: unknown,
            directory: .init(path: path.removingLastComponent(), identity: nowhere), images: images,
            configuration: .init(path: path, identity: nowhere),
            boot: GuestRecord.Boot(
                kernelVersion: nil, kernel: isGRUB ? nil : kernel, initrd: kernel == nil ? nil : file["ramdisk"]?.text,
                commandLine: kernel == nil ? nil : file.commandLine,
                hasOwnKernel: kernel == nil || isGRUB, bootsUnderPVGrub: isGRUB && summary.type == "pv",
                diskLoaders: summary.type == "hvm" ? [Conversion.hasUEFI(file) ? "ovmf" : "bios"] : []),
            created: host.clock.seconds, madeBy: "another tool")
        record.imported = source
        return record
    }

    /// Makes the guest known, and writes its configuration if there is none that xl reads. All of it or nothing.
    ///
    /// - Parameter run: the run's number.
    package func perform(_ work: Import, run: String) async throws(ProvisioningError) {
        var record = work.record
        let step = "Import \(record.hostname)"
        try begin("import", on: record.hostname, run: run)
        do {
            guard try store.record(named: record.hostname) == nil else {
                throw ProvisioningError(
                    "\(record.hostname) has been made by another run in between", exit: .temporary,
                    hint: "domus list shows what there is now")
            }
            let path = FilePath(record.configuration.path)
            let directory = path.removingLastComponent()
            let effects = Effects(host: host, store: store, run: run)
            if let text = work.text {
                try effects.ensureSharedDirectory(directory, mode: 0o755, step: step)
                let temporary = directory.appending(".domus-\(run).new")
                let identity = try effects.createOwnFile(
                    temporary, contents: Array(text.utf8), mode: work.mode, step: step)
                try Task.checkCancellation()
                guard try host.files.entry(at: path) == nil else {
                    throw ProvisioningError("\(path) is there already", exit: .cannotCreate)
                }
                try effects.publish(temporary, as: path, identity: identity, isDirectory: false, step: step)
                try host.files.synchronize(directory)
            }
            guard let entry = try host.files.entry(at: path), let place = try host.files.entry(at: directory) else {
                throw ProvisioningError("\(path) is gone", exit: .temporary)
            }
            record.configuration = .init(path: path, identity: entry.identity)
            record.directory = .init(path: directory, identity: place.identity)
            try store.commit(run: run, saving: record)
        } catch {
            throw await failure(error, step: step, run: run, log: nil, keeps: false)
        }
        let outcome = await completed(run: run)
        for complaint in outcome.left { reporter.warn("\(complaint); domus recover tries again") }
    }
}
