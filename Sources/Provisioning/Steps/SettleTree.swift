import Crypto
import FoundationEssentials
import GuestModel
import LinuxHost
import SystemPackage

/// Puts in place what could not be while hooks ran, and reads what the summary tells.
struct SettleTree: Step {
    /// Whether the tree is a clone's.
    var isClone = false

    var summary: String { "Settle the guest's tree" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let files = context.host.files
        let resolver = context.paths.scratch.appending("resolv.conf")
        // Hooks saw the host's resolv.conf in this place, mounted over; the guest's own waits in the scratch directory.
        if try files.entry(at: resolver) != nil {
            try files.write(
                files.contents(of: resolver, limit: 1 << 16), to: "/etc/resolv.conf", inTree: context.paths.root,
                mode: 0o644)
        }
        // A hook does this too (guest/52-reset-machine-id), where hooks are run; no two clones may be one machine.
        let machine = "/etc/machine-id"
        if isClone, let entry = try files.entry(of: machine, inTree: context.paths.root), entry.size > 0 {
            try files.write([], to: machine, inTree: context.paths.root, mode: 0o444)
        }
        for name in try files.names(in: "/etc/ssh", inTree: context.paths.root)
        where name.hasPrefix("ssh_host_") && name.hasSuffix("_key.pub") {
            let key = try files.contents(of: "/etc/ssh/\(name)", inTree: context.paths.root, limit: 1 << 16) ?? []
            let fields = String(decoding: key, as: UTF8.self).split(separator: " ")
            guard fields.count >= 2, let blob = Data(base64Encoded: String(fields[1])) else { continue }
            let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
            findings.fingerprints.append(
                (
                    algorithm: name.dropFirst("ssh_host_".count).dropLast("_key.pub".count).uppercased(),
                    fingerprint: "SHA256:" + digest.prefix { $0 != "=" }
                ))
        }
    }
}
