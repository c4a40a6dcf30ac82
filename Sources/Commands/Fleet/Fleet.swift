import GuestModel
import LinuxHost
import Provisioning
import Synchronization
import SystemPackage
import XenConfig

/// Many guests that are alike but for their names and addresses, made some at a time.
struct Fleet {
    /// One of them, ready to be made.
    struct Member: Sendable {
        let spec: GuestSpec
        let plans: GuestPlanner.Plans
    }

    /// What became of one.
    enum Outcome: Sendable {
        case made(GuestSummaryDocument)
        case failed(String, ProvisioningError)
    }

    let host: Host
    let store: StateStore
    let logs: FilePath
    let replaces: Bool
    let keeps: Bool
    /// How many are made at the same time.
    let limit: Int
    let console: Console

    /// What no two guests may share, or take from each other.
    static func check(_ specs: [GuestSpec]) throws(OptionError) {
        var owners: [String: Hostname] = [:]
        func claim(_ what: String, _ guest: Hostname, _ hint: String) throws(OptionError) {
            if let other = owners.updateValue(guest, forKey: what), other != guest {
                throw OptionError("\(other) and \(guest) cannot both have \(what)", hint: hint)
            }
        }
        for spec in specs {
            if owners.updateValue(spec.hostname, forKey: "the name \(spec.hostname)") != nil {
                throw OptionError("two of the guests would be called \(spec.hostname)")
            }
            for interface in spec.interfaces {
                try claim("the MAC address \(interface.mac)", spec.hostname, "leave --mac out")
                for address in interface.fixedAddresses {
                    try claim(
                        "the address \(address.address)", spec.hostname,
                        "--ip=auto gives each one of its own, of the pool in --ip-pool")
                }
                if let name = interface.vifName {
                    try claim("the interface name \(name)", spec.hostname, "leave --vifname out")
                }
            }
            for setting in spec.configuration.settings {
                switch setting.key {
                case "uuid": try claim("the UUID \(setting.value)", spec.hostname, "leave --uuid out")
                case "vtpm": try claim("the TPM \(setting.value)", spec.hostname, "leave --vtpm out")
                case "pci": try claim("the PCI devices \(setting.value)", spec.hostname, "leave --pci out")
                default: break
                }
            }
            // Several may read one.
            for disk in spec.storage.furtherDisks {
                let parsed = try? DiskSpec(parsing: disk, for: max(spec.configuration.xenVersion, .oldest))
                guard parsed?.access != .readOnly else { continue }
                try claim(
                    "the disk \(parsed?.target ?? disk)", spec.hostname, "leave --disk out, or give it to both readonly"
                )
            }
            if case .devices(let root, let swap, _, _) = spec.storage.home {
                for device in [root] + (swap.map { [$0] } ?? []) {
                    try claim("the device \(device)", spec.hostname, "leave --image-dev out")
                }
            }
        }
    }

    /// Makes them; one that fails is taken back, and does not keep the others from being made.
    func make(_ members: [Member]) async -> [Outcome] {
        var outcomes = [Outcome?](repeating: nil, count: members.count)
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var next = 0
            var done = 0
            func add() {
                guard next < members.count, !Task.isCancelled else { return }
                let (number, member) = (next, members[next])
                next += 1
                group.addTask { (number, await make(member)) }
            }
            for _ in 0..<limit { add() }
            for await (number, outcome) in group {
                outcomes[number] = outcome
                done += 1
                console.ended(outcome, done, of: members.count)
                add()
            }
        }
        return zip(members, outcomes).map { member, outcome in
            outcome
                ?? .failed(member.spec.hostname.name, ProvisioningError("the run was interrupted", exit: .interrupted))
        }
    }

    private func make(_ member: Member) async -> Outcome {
        let name = member.spec.hostname.name
        do {
            let log = try GuestLog(directory: logs, guest: name, host: host).begin("create")
            let reporter = LoggingReporter(
                reporter: MemberReporter(name: name, console: console), log: log, host: host)
            let created = try await Provisioner(host: host, store: store, reporter: reporter).create(
                member.plans.create, run: member.plans.run, log: log, replacesExisting: replaces, keepsFailed: keeps)
            return .made(GuestSummaryDocument(created, spec: member.spec, log: log))
        } catch {
            return .failed(name, ProvisioningError(error))
        }
    }
}

/// Passes on what is worth knowing of one guest among many.
private struct MemberReporter: Reporter {
    let name: String
    let console: Console

    func began(_ summary: String, number: Int, of count: Int) {}
    func finished(_ summary: String, seconds: Double) {}
    func failed(_ summary: String) {}
    func note(_ text: String) { console.note("\(name): \(text)") }
    func warn(_ text: String) { console.warn("\(name): \(text)") }
}

extension Console {
    /// A line for each guest that is made, or not.
    fileprivate func ended(_ outcome: Fleet.Outcome, _ done: Int, of count: Int) {
        switch outcome {
        case .made(let summary):
            say("[\(done)/\(count)] \(summary.hostname) is made, in \(Console.duration(summary.seconds))")
        case .failed(let name, let error):
            var report = ErrorReport(error)
            report.error = "\(name) is not made: \(report.error)"
            say("[\(done)/\(count)] " + report.text(program: "domus").dropLast())
        }
    }
}

/// What a finished fleet tells.
struct FleetDocument: Encodable {
    /// One that is not made.
    struct Failure: Encodable {
        var hostname: String
        var error: String
        var step: String?
        var left: [String]
        var log: String?
        var status: Int32
    }

    var guests: [GuestSummaryDocument] = []
    var failed: [Failure] = []
    var seconds: Double
    /// Of the first that is not made, or not started.
    private(set) var trouble: ProvisioningError?

    private enum CodingKeys: String, CodingKey {
        case guests, failed, seconds
    }

    init(_ outcomes: [Fleet.Outcome], seconds: Double) {
        self.seconds = (seconds * 10).rounded() / 10
        for outcome in outcomes {
            switch outcome {
            case .made(let summary):
                guests.append(summary)
                trouble = trouble ?? summary.startFailure
            case .failed(let name, let error):
                let report = ErrorReport(error)
                failed.append(
                    Failure(
                        hostname: name, error: report.error, step: report.step, left: report.left, log: report.log,
                        status: report.status))
                trouble = trouble ?? error
            }
        }
    }

    /// The error of a fleet that is not whole.
    var error: ProvisioningError? {
        guard var error = trouble else { return nil }
        let names = failed.map(\.hostname)
        let unstarted = guests.filter { $0.startFailure != nil }.map(\.hostname)
        var parts: [String] = []
        if !names.isEmpty {
            parts.append("\(names.count) of \(names.count + guests.count) guests are not made: \(Self.list(names))")
        }
        if !unstarted.isEmpty { parts.append("made, but not started: \(Self.list(unstarted))") }
        error.message = parts.joined(separator: "; ")
        error.hint = "what went wrong is said above, guest by guest"
        error.step = nil
        error.undone = []
        error.left = []
        error.log = nil
        return error
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
    }

    /// A line for each guest. Keys and all else is in their logs, and in the document for programs.
    var text: String {
        guard !guests.isEmpty else { return "" }
        var rows = [["Hostname", "MAC Address", "IP Address(es)", "Root Password", "SSH Fingerprint", "Configuration"]]
        rows += guests.map { guest in
            let key = guest.sshFingerprints.first { $0.algorithm == "ED25519" } ?? guest.sshFingerprints.first
            return [
                guest.hostname, guest.mac, guest.dhcp ? "dynamic" : guest.addresses.joined(separator: " "),
                guest.rootPassword ?? "N/A", key.map { "\($0.fingerprint) (\($0.algorithm))" } ?? "none",
                guest.configuration,
            ]
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return cells.joined(separator: "  ").trimmingSpaces
        }
        return "\n" + lines.joined(separator: "\n")
            + "\n\n\(guests.count) guests made in \(Console.duration(seconds))\n"
    }
}

extension String {
    /// Without those at its end.
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
