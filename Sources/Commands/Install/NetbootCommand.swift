import ArgumentParser
import FoundationEssentials
import GuestModel
import Installer
import LinuxHost
import Provisioning
import SystemPackage

/// `domus netboot`.
struct NetbootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netboot", abstract: "Fetch, check, list and remove the installer's images.",
        subcommands: [Fetch.self, List.self, Verify.self, Prune.self])

    /// One set of images, for `--json`.
    struct Document: Encodable {
        var id: String
        var distribution: String
        var codename: String
        var architecture: String
        var flavour: NetbootFlavour
        /// Paths of the two files.
        var kernel: String
        var initrd: String
        /// Bytes of both.
        var size: Int64
        var kernelRelease: String?
        /// The types of guests that the kernel can be; nil where its file does not say.
        var types: [String]?
        /// Whether the archive had the installer's modules for this kernel; nil where nobody looked.
        var hasModulesInArchive: Bool?
        var source: String
        /// The key that signed what proves it; nil where nothing does.
        var signer: String?
        /// Seconds since 1970.
        var released: Int64?
        var fetched: Int64

        init(_ set: NetbootSet, in store: NetbootStore) {
            id = set.id
            distribution = set.distribution
            codename = set.codename
            architecture = set.architecture
            flavour = set.flavour
            kernel = store.object(set.kernel).string
            initrd = store.object(set.initrd).string
            size = set.kernelSize + set.initrdSize
            kernelRelease = set.kernelRelease
            types = set.types?.map(\.rawValue)
            hasModulesInArchive = set.hasModulesInArchive
            source = set.source.text
            signer = set.signer
            released = set.released
            fetched = set.fetched
        }

        /// In the manner of `domus list`.
        var text: String {
            var lines = [
                "Images: \(id)", "Distribution: \(codename), \(architecture)",
                "Flavour: \(flavour.rawValue)" + (kernelRelease.map { ", Linux \($0)" } ?? "")
                    + (types.map { ", for guests of type " + $0.joined(separator: ", ") } ?? ""), "Kernel: \(kernel)",
                "Initrd: \(initrd)",
            ]
            lines += [
                "Size: \(ByteSize(bytes: size).rounded)", "From: \(source)",
                "Proven by: \(signer.map { "the archive's key \($0)" } ?? "nothing")",
                "Fetched: \(Self.date(fetched))",
            ]
            return lines.joined(separator: "\n") + "\n"
        }

        /// In UTC.
        private static func date(_ seconds: Int64) -> String {
            Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        }
    }

    /// `domus netboot list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the images of the installer that are there.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let store = shared.netboot(.ofThisMachine)
            let documents = try NetbootCommand.sets(store).map { Document($0, in: store) }
            Console(json: shared.json).result(documents.map(\.text).joined(separator: "\n"), json: documents)
        }
    }

    /// `domus netboot verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Read the images again, and compare them with their digests.")

        @Argument(help: ArgumentHelp("Which ones, as list names them; all of them.", valueName: "id"))
        var ids: [String] = []

        @OptionGroup var shared: SharedOptions

        /// What was found, for `--json`.
        struct Finding: Encodable {
            var id: String
            var problems: [String]
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            let store = shared.netboot(host)
            var findings: [Finding] = []
            var text = ""
            for set in try NetbootCommand.chosen(ids, from: NetbootCommand.sets(store)) {
                let problems: [String]
                do {
                    problems = try store.problems(of: set)
                } catch {
                    throw ProvisioningError(error)
                }
                findings.append(Finding(id: set.id, problems: problems))
                text += "\(set.id): \(problems.isEmpty ? "whole" : problems.joined(separator: "; "))\n"
            }
            let bad = findings.filter { !$0.problems.isEmpty }
            guard !bad.isEmpty else {
                console.result(text, json: ["images": findings])
                return
            }
            throw PartialSuccess(
                text: text, document: ["images": findings],
                error: ProvisioningError(
                    "\(bad.count) of \(findings.count) sets of images \(bad.count == 1 ? "is" : "are") damaged",
                    exit: .badData, hint: "domus netboot fetch gets them again"))
        }
    }

    static func sets(_ store: NetbootStore) throws(ProvisioningError) -> [NetbootSet] {
        do {
            return try store.sets()
        } catch {
            throw ProvisioningError(error)
        }
    }

    static func chosen(_ ids: [String], from sets: [NetbootSet]) throws(ProvisioningError) -> [NetbootSet] {
        guard !ids.isEmpty else { return sets }
        var chosen: [NetbootSet] = []
        for id in ids {
            guard let set = sets.first(where: { $0.id == id }) else {
                throw ProvisioningError(
                    "there are no images \"\(id)\"", exit: .noInput,
                    hint: "domus netboot list shows those that there are")
            }
            if !chosen.contains(set) { chosen.append(set) }
        }
        return chosen
    }
}

extension SharedOptions {
    /// Where the installer's images are.
    func netboot(_ host: Host) -> NetbootStore {
        NetbootStore(directory: stateDirectory.appending("netboot"), host: host)
    }
}
