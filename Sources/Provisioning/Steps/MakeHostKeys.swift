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
        let confinement = Confinement(helper: context.locations.helper)
        let comment = "root@\(context.spec.hostname)"
        let isQuick = host.processes.find("certtool") != nil
        findings.hostKeys = Task {
            for kind in Self.kinds {
                let key = directory.appending("ssh_host_\(kind)_key")
                var ways = [[Self.generation(of: kind, key, comment)]]
                if kind == "rsa" && isQuick { ways.insert(Self.quickGeneration(key, comment), at: 0) }
                var isMade = false
                for way in ways where !isMade && !Task.isCancelled {
                    isMade = true
                    for invocation in way where isMade {
                        let status = try? await host.processes.run(
                            confinement.wrap(invocation), appendingOutputTo: nil)
                        isMade = status?.isSuccess == true
                    }
                    // What is half made is in the next one's way.
                    if !isMade, (try? host.files.entry(at: key)) != nil { try? host.files.remove(key) }
                }
                // What fails here the hook tries again, and tells.
                guard isMade else { return }
            }
        }
    }

    private static func keygen(_ arguments: [String], _ key: FilePath) -> Invocation {
        Invocation(
            "ssh-keygen", ["-q"] + arguments + ["-f", key.string], environment: ["LC_ALL": "C.UTF-8"], timeout: 600)
    }

    private static func generation(of kind: String, _ key: FilePath, _ comment: String) -> Invocation {
        keygen(["-t", kind, "-N", "", "-C", comment], key)
    }

    /// GnuTLS needs less than half of OpenSSL's time for an RSA key, and not four seconds now and then (measured: 0.1 to 0.8 s,
    /// 0.4 to 4.1 s); of the same size as ssh-keygen's own. ssh-keygen then gives it its usual format, and a comment.
    private static func quickGeneration(_ key: FilePath, _ comment: String) -> [Invocation] {
        [
            Invocation(
                "certtool",
                [
                    "--generate-privkey", "--key-type=rsa", "--bits=3072", "--no-text", "--outfile=\(key)",
                ], environment: ["LC_ALL": "C.UTF-8"], timeout: 600),
            keygen(["-p", "-P", "", "-N", ""], key), keygen(["-c", "-P", "", "-C", comment], key),
        ]
    }
}
