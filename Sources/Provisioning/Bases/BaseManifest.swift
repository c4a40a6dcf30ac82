import FoundationEssentials
import GuestModel
import LinuxHost
import SystemPackage

/// What goes with an exported base, in a file beside its archive: what it is, for a host that imports it.
package struct BaseManifest: Codable, Sendable, Hashable {
    /// Raised when what is in it means something else.
    package var format = 1
    /// ``BaseShape/key``.
    package var shape: String
    /// ``ArchiveState/digest``.
    package var state: String
    /// For example `debian`.
    package var distribution: String
    package var codename: String
    package var architecture: String
    package var installMethod: String
    package var fileSystem: String
    /// Seconds since 1970: when the base was made.
    package var created: Int64
    package var madeBy: String
    /// The SHA-256 of the archive, in hexadecimal digits.
    package var archive: String

    package init(_ base: BaseRecord, archive: String) {
        shape = base.shape
        state = base.state
        distribution = base.distribution
        codename = base.codename
        architecture = base.architecture
        installMethod = base.installMethod
        fileSystem = base.fileSystem
        created = base.created
        madeBy = base.madeBy
        self.archive = archive
    }

    /// Where the one of an archive is.
    package static func path(of archive: FilePath) -> FilePath { FilePath("\(archive).json") }

    /// Reads the one of an archive, and whether the archive is the one that it describes.
    ///
    /// - Throws: ``ProvisioningError``.
    package init(of archive: FilePath, on host: Host) throws(ProvisioningError) {
        let path = Self.path(of: archive)
        do {
            for needed in [archive, path] where try host.files.entry(at: needed)?.kind != .file {
                throw ProvisioningError(
                    "there is no file \(needed)", exit: .noInput,
                    hint: "domus base export makes two: the archive, and \(path.lastComponent?.string ?? "") beside it")
            }
            do {
                let bytes = try host.files.contents(of: path, limit: 1 << 20)
                self = try JSONDecoder().decode(Self.self, from: Data(bytes))
            } catch let error as DecodingError {
                throw ProvisioningError("\(path) does not describe a base: \(error)", exit: .badData)
            }
            guard format == 1 else {
                throw ProvisioningError(
                    "\(path) is of format \(format), and this version of Domus knows 1", exit: .badData)
            }
            try checkWords(path)
            guard try ArchiveState.digest(of: archive, host.files) == self.archive else {
                throw ProvisioningError(
                    "\(archive) is not the archive that \(path) describes", exit: .badData,
                    hint: "it was cut off or changed on its way: copy both again")
            }
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// It may be anybody's, and is shown to people.
    private func checkWords(_ path: FilePath) throws(ProvisioningError) {
        let digests = [shape, state, archive].allSatisfy { text in
            text.utf8.count <= 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) }
        }
        let words = [codename, architecture, fileSystem, installMethod].allSatisfy { text in
            text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 }
        }
        guard Distribution(rawValue: distribution) != nil, digests, words else {
            throw ProvisioningError("\(path) does not describe a base that Domus has exported", exit: .badData)
        }
    }
}

extension Encodable {
    /// A JSON document for people and programs, with a line feed at its end.
    func document() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [10]
    }
}
