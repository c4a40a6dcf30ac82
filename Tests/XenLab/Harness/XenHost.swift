import Foundation
import LinuxHost
import SystemPackage
import TestSupport

/// The Xen host that scenarios start from: its disk, and the state of the machine once it has booted.
///
/// It is made once and kept under a key of everything that shapes it; a scenario's host is there two seconds after it is
/// asked for, fresh each time.
struct XenHost: Sendable {
    let directory: FilePath

    var state: FilePath { directory.appending("state") }

    /// Debian's release in dom0.
    static let suite = "bookworm"
    /// Bytes that building takes at its peak.
    static let room: Int64 = 6 << 30

    /// The host of this checkout and this QEMU, made if it is not there.
    static func prepared(_ lab: Laboratory) async throws -> XenHost {
        let host = XenHost(directory: lab.cache.appending("host-\(try await key(lab))"))
        guard !fileExists(host.directory) else { return host }
        try await host.build(lab)
        return host
    }

    private static func key(_ lab: Laboratory) async throws -> String {
        var digest = Digest()
        let recipe = lab.sources.appending("Host")
        // `run` comes with the scenarios.
        for name in try filesBelow(recipe) where name != "run" {
            digest.add(name)
            digest.add(try readText(recipe.appending(name)))
        }
        // A saved state is for the machine that it was saved from, to the last device.
        let machine = Machine(host: "HOST", directory: "RUN", share: "SHARE")
        for word in machine.arguments(.powerOn(saving: "STATE")) + [suite] { digest.add(word) }
        // And for the program.
        digest.add(try await lab.runner.capture(Invocation(Machine.program, ["--version"])).output)
        return digest.text
    }

    private func build(_ lab: Laboratory) async throws {
        let part = lab.cache.appending("\(directory.lastComponent?.string ?? "host").part")
        try remove(part)
        try makeDirectories(part)
        let mirror = try await lab.mirror(scratch: part)
        let log = part.appending("log")
        try await lab.reporter.during("the Xen host: installs Debian \(Self.suite) and Xen") {
            try await lab.run(
                "unshare", ["--mount", "\(lab.sources)/Host/build", Self.suite, mirror, part.string], log: log,
                timeout: 3600)
        }
        try await lab.reporter.during("the Xen host: boots, and is saved") {
            let empty = part.appending("empty")
            try makeDirectories(empty)
            let machine = Machine(host: part, directory: part.appending("boot"), share: empty)
            try makeDirectories(machine.directory)
            let ending = try await machine.run(
                .powerOn(saving: part.appending("state")), until: "lab: ready", limit: 1200, runner: lab.runner)
            guard case .answered = ending else {
                throw LabError(
                    "the Xen host does not boot: \(ending); its console ends with\n"
                        + lab.lastLines(of: machine.console, 20) + "\n" + lab.lastLines(of: machine.errors, 5))
            }
        }
        try keep(part, as: directory)
        // Hosts of other keys are of no use to this checkout, and large.
        for name in try entries(of: lab.cache)
        where name.hasPrefix("host-") && name != directory.lastComponent?.string {
            try remove(lab.cache.appending(name))
        }
    }
}
