import LinuxHost
import SystemPackage

/// Begins to make keys for the guest's ssh server, with the host's ssh-keygen(1): an RSA key takes a second of computing, in
/// which the rest can be done: a clone is made faster. The hook that wants them waits, and makes itself what is not there.
struct MakeHostKeys: Step {
    /// The hook that puts them in place.
    static let hook = "71-make-ssh-keys"
    private static let kinds = ["ed25519", "ecdsa", "rsa"]

    var summary: String { "Begin to make keys for the ssh server" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let host = context.host
        guard host.processes.find("ssh-keygen") != nil else { return }
        let directory = context.paths.hostKeys
        _ = try host.files.createDirectory(directory, mode: 0o700)
        let invocations = Self.kinds.map { kind in
            Confinement(helper: context.locations.helper).wrap(
                Invocation(
                    "ssh-keygen",
                    [
                        "-q", "-t", kind, "-N", "", "-C", "root@\(context.spec.hostname)", "-f",
                        directory.appending("ssh_host_\(kind)_key").string,
                    ], environment: ["LC_ALL": "C.UTF-8"], timeout: 600))
        }
        findings.hostKeys = Task {
            for invocation in invocations {
                // What fails here the hook tries again, and tells.
                guard let status = try? await host.processes.run(invocation, appendingOutputTo: nil), status.isSuccess
                else { return }
            }
        }
    }
}

extension Findings {
    /// Ends what goes on beside the steps, before anything is taken back.
    func endWorkBeside() async {
        hostKeys?.cancel()
        await hostKeys?.value
    }
}
