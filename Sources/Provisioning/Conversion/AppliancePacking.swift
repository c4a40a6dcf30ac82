import Archives
import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

/// A guest as an XVA archive: its description and its disks in one stream, as XCP-ng and XenServer import them.
///
/// Nothing on this host changes. So no run is opened for it; instead it is made sure at the beginning, and again at the end,
/// that nobody else works on the guest: an archive whose disks changed while they were read has no end, and is none.
package struct AppliancePacking: Sendable {
    package let appliance: XAPIAppliance
    private let name: String
    private let host: Host
    /// nil where there are no records.
    private let store: StateStore?
    private let record: GuestRecord?
    private let configuration: FilePath
    private let before: [UInt8]

    /// - Parameters:
    ///   - configuration: an xl configuration, whoever made it.
    ///   - record: of a guest that Domus knows.
    ///   - version: of the Xen that the configuration is for.
    /// - Throws: ``ProvisioningError``, ``XenConfigError``, `HostError`.
    package init(
        of configuration: FilePath, record: GuestRecord?, store: StateStore?, for version: XenVersion, host: Host
    ) throws {
        let bytes = try host.files.contents(of: configuration, limit: ConfigurationReading.limit)
        let file = try XenConfigFile(parsing: bytes, file: configuration.string, for: version)
        do {
            appliance = try XAPIAppliance(from: file, for: version, uuid: { RandomIdentifier.uuid(host.random) }) {
                path in
                try Self.size(of: FilePath(path), host)
            }
        } catch let error as XenConfigError {
            throw error.told(of: configuration.string)
        }
        name = file["name"]?.text ?? ""
        self.host = host
        self.store = store
        self.record = record
        self.configuration = configuration
        before = bytes
    }

    private static func size(of named: FilePath, _ host: Host) throws -> Int64 {
        let path: FilePath
        do {
            path = try host.files.resolved(named)
        } catch {
            let isAbsent = error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory
            throw isAbsent
                ? ProvisioningError("the disk \(named) is not there", exit: .noInput) : ProvisioningError(error)
        }
        switch try host.files.entry(at: path) {
        case let entry? where entry.kind == .file && entry.size > 0: return entry.size
        case let entry? where entry.kind == .blockDevice:
            if let device = try host.files.blockDevice(at: path) { return device.size.bytes }
        default: break
        }
        throw ProvisioningError(
            "the disk \(path) is neither a file with something in it nor a block device", exit: .noInput)
    }

    /// The bytes of the guest's disks, holes included.
    package var size: Int64 { appliance.disks.reduce(0) { $0 + $1.size } }

    /// - Throws: ``ProvisioningError`` where the guest runs, or another run of Domus works on it.
    package func checkStillness(isOver: Bool = false) async throws(ProvisioningError) {
        let when = isOver ? " while its disks were read: the archive has no end, and cannot be imported" : ""
        do {
            if let domain = try await XenHost(host: host).domain(named: name) {
                throw ProvisioningError(
                    isOver
                        ? "\(name) was started\(when)"
                        : "\(name) runs as domain \(domain), and its disks change while they are read",
                    exit: .temporary,
                    hint: XenHost.hint(toEnd: name))
            }
            guard let store, let record else { return }
            if let run = try store.runs().first(where: { $0.guest == record.hostname }) {
                throw host.system.isRunning(run.process) ? StateError.busy(run) : StateError.unfinished(run)
            }
            guard try store.record(named: record.hostname) == record else {
                throw ProvisioningError("\(name) was changed or deleted\(when)", exit: .temporary, hint: "try again")
            }
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Writes the archive.
    ///
    /// - Parameters:
    ///   - stream: is closed at the end.
    ///   - destination: what it is called in errors.
    /// - Throws: ``ProvisioningError``.
    package func write(
        to stream: FileDescriptor, called destination: String, reporter: any Reporter
    ) async throws(ProvisioningError) {
        let summary = "Pack \(name) for xapi"
        let began = host.clock.monotonic
        reporter.began(summary, number: 1, of: 1)
        do {
            try await checkStillness()
            let packed = try await WorkerThreads().run { [appliance, size] flag in
                var writer = try ArchiveWriter(streamingTo: stream, name: destination)
                try writer.add(ArchiveEntry(path: "ova.xml"), content: Array(appliance.document.utf8))
                var done: Int64 = 0
                var seal: DiskSeal?
                for disk in appliance.disks {
                    if let seal { try writer.add(seal) }
                    seal = try writer.add(
                        disk: FilePath(disk.path), length: disk.length, size: disk.size,
                        partSize: XAPIAppliance.partSize, below: disk.id,
                        isCancelled: { flag.isSet },
                        progressed: { reporter.progressed(Double(done + $0) / Double(max(1, size))) })
                    done += disk.size
                }
                return Unsealed(writer, seal)
            }
            try await checkStillness(isOver: true)
            guard try host.files.contents(of: configuration, limit: ConfigurationReading.limit) == before else {
                throw ProvisioningError("\(configuration) was changed in between", exit: .temporary, hint: "try again")
            }
            try packed.finish()
        } catch {
            reporter.failed(summary)
            throw Task.isCancelled
                ? ProvisioningError("the run was interrupted", exit: .interrupted) : ProvisioningError(error)
        }
        reporter.finished(summary, seconds: host.clock.monotonic - began)
    }
}

/// An archive to which nothing is to come but the last checksum: xapi reads no further than that, and not without it. A
/// class, since a writer cannot be copied out of a thread.
private final class Unsealed: @unchecked Sendable {
    private var writer: ArchiveWriter
    private let seal: DiskSeal?

    init(_ writer: consuming ArchiveWriter, _ seal: DiskSeal?) {
        self.writer = writer
        self.seal = seal
    }

    func finish() throws(ArchiveError) {
        if let seal { try writer.add(seal) }
        try writer.finish()
    }
}
