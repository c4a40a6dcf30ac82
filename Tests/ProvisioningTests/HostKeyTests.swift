import FakeHost
import LinuxHost
import Synchronization
import Testing

/// Keys for a guest's ssh server that the host makes while other work is done.
@Suite("Host keys")
struct HostKeyTests {
    /// The words of each program that was run, and the keys that the hook found.
    private func make(certtool: FakeHost.Program?) async throws -> (commands: [String], keys: [String]) {
        let commands = Mutex<[String]>([])
        let keys = Mutex<[String]>([])
        func noting(_ program: @escaping FakeHost.Program) -> FakeHost.Program {
            { process in
                let words = process.command.arguments.filter { !$0.hasPrefix("/") && !$0.hasPrefix("--outfile") }
                commands.withLock { $0.append(words.joined(separator: " ")) }
                return program(&process)
            }
        }
        var programs: [String: FakeHost.Program] = [
            "ssh-keygen": noting { process in
                let file = process.command.arguments.last ?? ""
                let isNew = process.command.arguments.contains("-t")
                // It asks before it writes over a key, and nobody answers.
                guard isNew == (process.tree.text(file) == nil) else { return .exited(1) }
                process.write("key", to: file, mode: 0o600)
                process.write("public", to: file + ".pub")
                return .exited(0)
            },
            "71-make-ssh-keys": { process in
                let directory = process.command.environment["DOMUS_HOST_KEYS"] ?? ""
                keys.withLock { keys in
                    keys = ["ed25519", "ecdsa", "rsa"].filter { kind in
                        process.tree.text("\(directory)/ssh_host_\(kind)_key.pub") != nil
                    }
                }
                return .exited(0)
            },
        ]
        if let certtool { programs["certtool"] = noting(certtool) }
        let world = try World()
        _ = try await Work.create(Sample.guest(), in: world, as: world.process(programs: programs))
        return (commands.withLock(\.self), keys.withLock(\.self))
    }

    private static let others = ["-q -t ed25519 -N  -C root@web1 -f", "-q -t ecdsa -N  -C root@web1 -f"]
    private static let slow = "-q -t rsa -N  -C root@web1 -f"

    @Test("are all made by ssh-keygen where there is nothing quicker")
    func plain() async throws {
        let made = try await make(certtool: nil)
        #expect(made.commands == Self.others + [Self.slow])
        #expect(made.keys == ["ed25519", "ecdsa", "rsa"])
    }

    @Test("an RSA key of the same size is made by certtool, and gets ssh-keygen's format")
    func quick() async throws {
        let made = try await make { process in
            let file = process.command.arguments.last?.dropFirst("--outfile=".count) ?? ""
            process.write("PEM", to: String(file), mode: 0o600)
            return .exited(0)
        }
        #expect(
            made.commands == Self.others + [
                "--generate-privkey --key-type=rsa --bits=3072 --no-text", "-q -p -P  -N  -f",
                "-q -c -P  -C root@web1 -f",
            ])
        #expect(made.keys == ["ed25519", "ecdsa", "rsa"])
    }

    @Test("what certtool leaves half made is not in ssh-keygen's way")
    func fallback() async throws {
        let made = try await make { process in
            let file = process.command.arguments.last?.dropFirst("--outfile=".count) ?? ""
            process.write("", to: String(file), mode: 0o600)
            return .exited(1)
        }
        #expect(made.commands.last == Self.slow)
        #expect(made.keys == ["ed25519", "ecdsa", "rsa"])
    }
}
