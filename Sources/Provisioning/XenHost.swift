import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

/// What xl(1) knows of the host's domains.
package struct XenHost: Sendable {
    private let host: Host

    package init(host: Host) {
        self.host = host
    }

    /// The number of the domain of that name, which may run, be paused, have crashed, or be on its way down; nil when
    /// there is none, and on a host that does not run Xen.
    ///
    /// xl domid ends with 1 when there is no such domain, and just so when it cannot reach Xen or the store (xl_info.c,
    /// Xen 4.17). Only an xl that answers otherwise may be believed: a guest that is deleted while it runs is lost.
    ///
    /// - Throws: ``ProvisioningError`` when the host runs Xen and xl does not tell.
    package func domain(named name: String) async throws(ProvisioningError) -> Int? {
        guard host.processes.find("xl") != nil else {
            guard runsXen else { return nil }
            throw doubt(about: name, "this host runs Xen, and xl is not on the path")
        }
        let answer = try await ask(["domid", name])
        if answer?.status.isSuccess == true {
            let output = answer?.output.split(whereSeparator: \.isWhitespace).joined(separator: " ") ?? ""
            guard let number = Int(output) else { throw doubt(about: name, "xl domid said \"\(output)\"") }
            return number
        }
        let list = try await ask(["list"])
        if list?.status.isSuccess == true { return nil }
        // One that hangs has found something to wait for.
        for (question, answer) in [("domid \(name)", answer), ("list", list)] {
            if case .timedOut? = answer?.status { throw doubt(about: name, "xl \(question) \(Self.ending(answer))") }
        }
        guard runsXen else { return nil }
        throw doubt(about: name, "xl list \(Self.ending(list))")
    }

    /// Whether a domain has died of an error, and is kept for somebody to look at (xl(1), the states of `list`).
    ///
    /// - Throws: ``ProvisioningError`` when the task is cancelled.
    package func hasCrashed(_ name: String) async throws(ProvisioningError) -> Bool {
        guard let answer = try await ask(["list", name]), answer.status.isSuccess else { return false }
        // Name ID Mem VCPUs State Time(s)
        let line = answer.output.split(separator: "\n").last ?? ""
        let words = line.split(separator: " ")
        return words.count >= 6 && words[words.count - 2].contains("c")
    }

    /// Whether a domain was made of the files beside a configuration, rather than of others: xl tells what it was made of.
    ///
    /// - Throws: ``ProvisioningError`` when the task is cancelled.
    package func runs(_ configuration: FilePath, as name: String) async throws(ProvisioningError) -> Bool {
        guard let answer = try await ask(["list", "--long", name]), answer.status.isSuccess,
            answer.output.contains("\"kernel\"")
        else { return true }
        return answer.output.contains(configuration.removingLastComponent().appending("install-").string)
    }

    /// That domains can be started here.
    ///
    /// - Throws: ``ProvisioningError`` when there is no xl, or Xen does not run.
    package func checkAnswer() async throws(ProvisioningError) {
        guard host.processes.find("xl") != nil else {
            throw ProvisioningError(
                "xl: not on this host, and starting the guest needs it", exit: .unavailable,
                hint: Self.elsewhere)
        }
        let answer = try await ask(["list"])
        guard answer?.status.isSuccess == true else {
            throw ProvisioningError(
                "Xen does not answer on this host, and starting the guest needs it: xl list \(Self.ending(answer))",
                exit: .unavailable, hint: Self.elsewhere)
        }
    }

    private static let elsewhere = "run it on the guest's Xen host; with --no-boot, guests are made anywhere"

    /// The arguments of xl that start the guest of a configuration.
    ///
    /// - Parameter console: whether its console is shown at once.
    package static func creation(of configuration: FilePath, console: Bool = false) -> [String] {
        // A word with an equals sign is a setting to xl, not a file (xl_vmcontrol.c).
        let file =
            configuration.string.contains("=") ? "--defconfig=\(configuration)" : configuration.string
        return ["create"] + (console ? ["-c"] : []) + [file]
    }

    /// The release of the running Xen; nil where none runs (Documentation/ABI/stable/sysfs-hypervisor-xen of Linux).
    package var version: XenVersion? {
        func number(_ name: FilePath.Component) -> String? {
            let path = FilePath("/sys/hypervisor/version").appending(name)
            return (try? host.files.contents(of: path, limit: 64)).map {
                String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            }
        }
        guard let major = number("major"), let minor = number("minor") else { return nil }
        return XenVersion("\(major).\(minor)")
    }

    /// The kinds of guests that the running Xen can run, such as `hvm-3.0-x86_64`; empty where none runs.
    package var capabilities: [String] {
        let path: FilePath = "/sys/hypervisor/properties/capabilities"
        guard let bytes = try? host.files.contents(of: path, limit: 4096) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// How a domain is brought to its end, for a hint.
    package static func hint(toEnd name: String) -> String {
        "xl shutdown \(name) ends it; where it is paused or has crashed, xl destroy \(name) does"
    }

    /// One question to xl; nil when it could not be started.
    private func ask(
        _ arguments: [String]
    ) async throws(ProvisioningError) -> (status: ExitStatus, output: String)? {
        do throws(HostError) {
            return try await host.processes.capture(
                Invocation("xl", arguments, environment: ["LC_ALL": "C"], timeout: 30))
        } catch {
            if Task.isCancelled { throw ProvisioningError(CancellationError()) }
            return nil
        }
    }

    /// Whether this is the domain that controls the others. xl's own start-up files ask the same file.
    package var runsXen: Bool {
        guard let bytes = try? host.files.contents(of: "/proc/xen/capabilities", limit: 4096) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("control_d")
    }

    private func doubt(about name: String, _ reason: String) -> ProvisioningError {
        ProvisioningError(
            "cannot tell whether the guest \(name) is running: \(reason)", exit: .unavailable,
            hint: "see on the host's console what xl list says, and try again when it answers")
    }

    private static func ending(_ answer: (status: ExitStatus, output: String)?) -> String {
        switch answer?.status {
        case nil: "cannot be run"
        case .exited(let code)?: "ended with exit status \(code)"
        case .signalled(let signal)?: "was ended by signal \(signal)"
        case .timedOut?: answer?.status.description ?? ""
        }
    }
}
