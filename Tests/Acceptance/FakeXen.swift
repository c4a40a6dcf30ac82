import SystemPackage
import TestSupport

/// A Xen host in small: an xl that keeps its domains in files, found on the path before any other.
struct FakeXen {
    let workspace: Workspace
    private var directory: FilePath { workspace.path.appending("xen-host") }

    /// - Parameter creation: what `xl create` does when it is asked; `$1` is the configuration. Without it a domain
    ///   comes up.
    init(_ workspace: Workspace, creation: String = "begin \"$1\"") throws {
        self.workspace = workspace
        try makeDirectories(directory.appending("domains"))
        try workspace.script(
            "bin/xl",
            """
            cd \(directory) || exit 1
            # A domain comes up, under the name in its configuration.
            begin() {
                name=$(sed -n 's/^name *= *"\\(.*\\)"$/\\1/p' "$1")
                test -n "$name" || exit 1
                echo 7 >"domains/$name"
            }
            echo "$*" >>calls
            test ! -e mute || { echo 'cannot init xl context' >&2; exit 1; }
            command=$1
            shift
            case $command in
            list) echo 'Name                                        ID   Mem VCPUs      State   Time(s)' ;;
            domid) cat "domains/$1" 2>/dev/null || { echo "Can't get domid of domain name '$1'." >&2; exit 1; } ;;
            create) echo "Parsing config from $1"; \(creation) ;;
            destroy) grep -lx "$1" domains/* | xargs rm ;;
            *) exit 2 ;;
            esac
            """
        )
    }

    /// The same command on this host.
    func on(_ command: Command) -> Command {
        var command = command
        command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
        return command
    }

    @discardableResult
    func run(_ arguments: [String]) async throws -> Outcome {
        try await on(workspace.domus(arguments)).run()
    }

    /// The domains that there are, as `NAME` to number.
    func domain(_ name: String) -> String? {
        (try? readText(directory.appending("domains").appending(name)))?.filter { $0 != "\n" }
    }

    func begin(_ name: String, as number: Int) throws {
        try writeFile(directory.appending("domains").appending(name), "\(number)\n")
    }

    /// Xen does not run: xl has nobody to ask.
    func mute() throws { try writeFile(directory.appending("mute"), "") }

    /// What xl was asked that changes something, in order.
    var changes: [String] {
        let calls = (try? readText(directory.appending("calls"))) ?? ""
        return calls.split(separator: "\n").map(String.init).filter { $0 != "list" && !$0.hasPrefix("domid ") }
    }
}
