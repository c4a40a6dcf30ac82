import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// What a finished create tells.
struct GuestSummaryDocument: Encodable {
    struct Fingerprint: Encodable {
        var algorithm: String
        var fingerprint: String
    }

    var hostname: String
    var distribution: String
    var codename: String
    var architecture: String
    var type: String
    var mac: String
    var dhcp: Bool
    var addresses: [String]
    /// All of them; the three members above are those of the first.
    var interfaces: [GuestRecord.Interface]
    var sshFingerprints: [Fingerprint]
    /// The generated password, which is shown this once and kept nowhere.
    var rootPassword: String?
    var directory: String
    /// The base that it is a clone of.
    var base: String?
    var images: [GuestRecord.Image]
    var kernel: String?
    var configuration: String
    /// What starts it, and shows its console.
    var boot: [String]
    var started: Bool
    /// The domain's number, if it was started and runs.
    var domain: Int?
    /// What leads to the console of one that was started.
    var console: [String]?
    var log: String
    var seconds: Double
    private let title: String
    /// Why it was not started; nil when it was, or was not to be.
    let startFailure: ProvisioningError?

    private enum CodingKeys: String, CodingKey {
        case hostname, distribution, codename, architecture, type, mac, dhcp, addresses, interfaces,
            sshFingerprints, rootPassword, directory, base, images, kernel, configuration, boot, started,
            domain, console, log, seconds
    }

    init(_ created: Provisioner.Created, spec: GuestSpec, log: FilePath) {
        let record = created.record
        hostname = record.hostname
        distribution = record.distribution
        codename = record.codename
        architecture = record.architecture
        type = record.type
        mac = record.mac
        dhcp = record.addresses.isEmpty
        addresses = record.addresses
        interfaces = record.interfaces
        sshFingerprints = created.findings.fingerprints.map {
            Fingerprint(algorithm: $0.algorithm, fingerprint: $0.fingerprint)
        }
        rootPassword = created.findings.password?.reveal()
        directory = record.directory.path
        base = record.base
        images = record.images
        kernel = created.findings.kernel?.version
        configuration = record.configuration.path
        boot = ["xl"] + XenHost.creation(of: FilePath(record.configuration.path), console: true)
        if case .started(let number)? = created.start {
            started = true
            domain = number
            console = ["xl", "console", record.hostname]
        } else {
            started = false
        }
        startFailure = if case .failed(let error)? = created.start { error } else { nil }
        self.log = log.string
        seconds = (created.seconds * 10).rounded() / 10
        title = spec.release.title
    }

    /// What became of it, and what the command behind it is for.
    private var state: String {
        if startFailure != nil { return ", but not started. Start it with" }
        guard started else { return ". Start it on its Xen host with" }
        guard let domain else { return ", and started; it has ended since, or xl does not know it. Its console was at" }
        return ". It runs as domain \(domain); its console is at"
    }

    /// The labels of xen-tools, which people's scripts read.
    var text: String {
        var lines = [
            "", "Installation Summary", "---------------------",
            "Hostname        :  \(hostname)", "Distribution    :  \(codename)", "MAC Address     :  \(mac)",
            "IP Address(es)  :  \(dhcp ? "dynamic" : addresses.joined(separator: " "))",
        ]
        for (index, interface) in interfaces.enumerated().dropFirst() {
            lines.append("Interface \(index + 1)     :  \(interface.text)")
        }
        lines += sshFingerprints.map { "SSH Fingerprint :  \($0.fingerprint) (\($0.algorithm))" }
        lines.append("Root Password   :  \(rootPassword ?? "N/A")")
        lines.append("Release         :  \(title), \(architecture), \(type)")
        if let kernel { lines.append("Kernel          :  \(kernel)") }
        if let base { lines.append("Base            :  \(base)") }
        lines.append("Disks           :  \(images.map(\.path).joined(separator: " "))")
        lines.append("Configuration   :  \(configuration)")
        lines.append("Log             :  \(log)")
        lines += ["", "Made in \(Console.duration(seconds))" + state, ""]
        lines += ["    " + (console ?? boot).map(Invocation.quoted).joined(separator: " "), ""]
        return lines.joined(separator: "\n")
    }
}

extension GuestRecord.Interface {
    /// In one line: `00:16:3E:12:34:56 on xenbr1, 192.0.2.10/24`; without an address that is known, what is before it.
    var text: String {
        let own = dhcp ? "dynamic" : addresses.joined(separator: " ")
        let place = (mac ?? "no MAC address") + (bridge.map { " on \($0)" } ?? "")
        return own.isEmpty ? place : "\(place), \(own)"
    }
}

/// What a create would do.
struct PlanDescription: Encodable {
    struct Line: Encodable {
        var summary: String
        var details: [String]
    }

    var hostname: String
    var mac: String
    var interfaces: [GuestRecord.Interface]
    /// Those that make the base first, where it is missing.
    var base: [Line]?
    var steps: [Line]

    init(_ plan: CreatePlan, base: BasePlan? = nil) {
        hostname = plan.spec.hostname.name
        mac = plan.spec.interface.mac.description
        interfaces = plan.spec.interfaces.map(GuestRecord.Interface.init)
        steps = Self.lines(plan.allSteps)
        self.base = (base?.steps).map(Self.lines)
    }

    static func lines(_ steps: [any Step]) -> [Line] {
        steps.map { Line(summary: $0.summary, details: $0.details) }
    }

    static func text(_ lines: [Line]) -> [String] {
        lines.enumerated().flatMap { index, line in
            ["  \(index + 1). \(line.summary)"] + line.details.map { "        \($0)" }
        }
    }

    var text: String {
        var lines: [String] = []
        if let base {
            lines = ["The base would be made first, by these steps; none was done:"] + Self.text(base)
        }
        lines += ["Making \(hostname) would take these steps; none was done:"] + Self.text(steps)
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The values that all files and options come to, for `--dumpconfig`. Passwords are not among them.
struct SpecDescription: Encodable {
    private let values: [(key: String, value: String)]

    init(_ spec: GuestSpec, starts: Bool) {
        var values: [(String, String)] = [
            ("hostname", spec.hostname.name), ("dist", spec.release.codename), ("arch", spec.architecture.rawValue),
            ("type", spec.machine.type.rawValue), ("memory", spec.machine.memory.description),
            ("vcpus", "\(spec.machine.virtualCPUs)"), ("dir", spec.storage.directory.string),
            ("layout", spec.storage.layout.rawValue), ("image", spec.storage.allocation.rawValue),
        ]
        if case .volumes(let group, let pool, let wiping) = spec.storage.home {
            values.append(("lvm", group.name))
            if let pool { values.append(("lvm_thin", pool.name)) }
            if !wiping { values.append(("no-wipe", "1")) }
        }
        if case .devices(let root, let swap, let wiping, let formatted) = spec.storage.home {
            if formatted != nil { values.append(("dontformat", "1")) }
            values.append(("image-dev", root.string))
            if let swap { values.append(("swap-dev", swap.string)) }
            if !wiping { values.append(("no-wipe", "1")) }
        }
        if let maximum = spec.machine.maximumMemory { values.append(("maxmem", maximum.description)) }
        for partition in spec.storage.partitions {
            values.append(
                (
                    "partition \(partition.name)",
                    "\(partition.size) \(partition.fileSystem?.rawValue ?? "swap") \(partition.mountPoint ?? "")"
                ))
        }
        let interface = spec.interface
        values.append(("mac", interface.mac.description))
        switch interface.addresses {
        case .dhcp: values.append(("dhcp", "1"))
        case .fixed(let addresses): values += addresses.map { ("ip", $0.description) }
        case .unaddressed: break
        }
        for (key, value) in [
            ("gateway", interface.gateway?.description), ("gateway6", interface.gateway6?.description),
            ("bridge", interface.bridge), ("vifname", interface.vifName),
        ] {
            if let value { values.append((key, value)) }
        }
        values += interface.nameservers.map { ("nameserver", $0.description) }
        values += spec.furtherInterfaces.map { ("nic", NicSpec($0).text) }
        values += [
            ("install-method", spec.install.method.name), ("mirror", MirrorURL.redacted(spec.install.mirror)),
            ("components", spec.install.components.joined(separator: " ")),
            ("keyring", spec.install.keyrings.map(\.string).joined(separator: " ")),
            ("verification", spec.install.verification.rawValue),
            ("base", spec.install.base.rawValue),
            ("serial_device", spec.boot.serialDevice), ("loader", Self.name(of: spec.boot.loader)),
            ("initramfs", spec.boot.drivers.rawValue),
            ("boot", starts ? "1" : "0"),
            ("role", spec.tailoring.roles.map(\.name).joined(separator: ",")),
            ("xen-version", spec.configuration.xenVersion.description),
            ("format", spec.configuration.toolstack.rawValue),
            ("output", spec.configuration.directory.string), ("extension", spec.configuration.fileExtension),
        ]
        if spec.storage.hasEFISystem { values.append(("esp", "1")) }
        if !spec.boot.kernelOptions.isEmpty { values.append(("cmdline", spec.boot.kernelOptions)) }
        if !spec.interface.parameters.isEmpty {
            values.append(("vif", spec.interface.parameters.joined(separator: ",")))
        }
        values += spec.storage.furtherDisks.map { ("disk", $0) }
        values += spec.configuration.settings.map { ("xl", "\($0.key)=\($0.value)") }
        self.values = values
    }

    var lines: [String] { values.map { "\($0.key) = \($0.value)" } }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for key in Set(values.map(\.key)) {
            let all = values.filter { $0.key == key }.map(\.value)
            if all.count == 1 {
                try container.encode(all[0], forKey: Key(stringValue: key))
            } else {
                try container.encode(all, forKey: Key(stringValue: key))
            }
        }
    }

    private static func name(of loader: GuestSpec.Boot.Loader) -> String {
        switch loader {
        case .hostKernel(let kernel, _): kernel.string
        case .ownKernel: "the guest's own kernel"
        case .pygrub: "pygrub"
        case .pvgrub(let path): path.string
        case .firmware(let firmware): firmware.rawValue
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
