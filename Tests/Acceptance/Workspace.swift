import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A directory of one test's own, with all that its guests need: nothing outside of it is touched.
struct Workspace: Sendable {
    let path: FilePath

    /// `--dir`.
    var guests: FilePath { path.appending("srv") }
    /// `--output`.
    var configurations: FilePath { path.appending("xen") }
    /// `--config-dir`.
    var settings: FilePath { path.appending("etc") }
    var state: FilePath { path.pushing("var/lib") }
    var logs: FilePath { path.pushing("var/log") }
    /// What a test gives to the program.
    var files: FilePath { path.appending("files") }

    func images(of guest: String) -> FilePath { guests.appending("domains").appending(guest) }
    func configuration(of guest: String) -> FilePath { configurations.appending("\(guest).cfg") }
    /// Bases of guests in image files.
    var bases: FilePath { guests.pushing("domains/.bases") }
    func log(of guest: String) -> FilePath { logs.appending("\(guest).log") }

    /// The program that DOMUS_TEST_PROGRAM names, as `make check` does; else the one that was built with this test bundle,
    /// whose ArgumentParser takes a second of the processor for each command to check the options' declarations.
    static let program: FilePath = {
        if let given = ProcessInfo.processInfo.environment["DOMUS_TEST_PROGRAM"] { return FilePath(given) }
        return FilePath(linkTarget("/proc/self/exe") ?? "").removingLastComponent().appending("domus")
    }()

    // MARK: Commands

    /// `domus SUBCOMMAND ...`, kept inside of this directory.
    func domus(_ arguments: [String]) -> Command {
        var places = ["--state-dir=\(state)", "--log-dir=\(logs)", "--config-dir=\(settings)"]
        switch arguments.first {
        case "install" where arguments.contains("--resume"): break
        case "create", "install": places += ["--dir=\(guests)", "--output=\(configurations)"]
        case "list": places.append("--output=\(configurations)")
        case "base" where ["build", "import"].contains(arguments.dropFirst().first): places.append("--dir=\(guests)")
        default: break
        }
        // The test's own come last, where they win.
        let names = ["base", "netboot", "preseed"].contains(arguments.first) ? 2 : 1
        return Command(
            Self.program.string,
            arguments.prefix(names) + places + arguments.dropFirst(names),
            directory: files
        )
    }

    @discardableResult
    func run(_ arguments: [String]) async throws -> Outcome {
        try await domus(arguments).run()
    }

    /// The same under one of the xen-tools names: by a link, as `make` leaves it.
    func xenTool(_ name: String, _ arguments: [String]) throws -> Command {
        let link = path.appending(name)
        if !fileExists(link) { symlink(Self.program.string, link.string) }
        let names = ["xen-create-image": "create", "xen-list-images": "list", "xen-resize-guest": "resize"]
        let subcommand = names[name] ?? "delete"
        var command = domus([subcommand] + arguments)
        command.program = link.string
        command.arguments.removeFirst()
        return command
    }

    /// The arguments of a small guest that takes a second: from an archive, with neither packages nor password.
    func tiny(_ hostname: String, _ more: [String] = []) async throws -> [String] {
        var arguments = [
            "create", "--hostname=\(hostname)", "--dist=bookworm", "--install-method=tar",
            "--install-source=\(try await archive())", "--genpass=0",
        ]
        func has(_ prefixes: String...) -> Bool { more.contains { word in prefixes.contains { word.hasPrefix($0) } } }
        if !has("--partitions") { arguments.append("--size=64M") }
        if !has("--partitions", "--noswap") { arguments.append("--swap=4M") }
        if !has("--ip", "--dhcp", "--no-dhcp") { arguments.append("--dhcp") }
        return arguments + more
    }

    /// Makes such a guest.
    @discardableResult
    func createTiny(_ hostname: String, _ more: [String] = []) async throws -> Outcome {
        try await run(tiny(hostname, more))
    }

    private func archive() async throws -> FilePath {
        let archive = files.appending("tiny.tar")
        return fileExists(archive) ? archive : try await TinyRoot().asTar(in: files, name: "tiny")
    }

    /// The arguments of a guest from a fixture archive.
    static func bootstrap(
        _ hostname: String,
        _ method: String,
        _ archive: FixtureArchive,
        _ mirror: FixtureMirror,
        _ more: [String] = []
    ) -> [String] {
        [
            "create", "--hostname=\(hostname)", "--dist=\(archive.release.suite)", "--dhcp",
            "--install-method=\(method)", "--mirror=\(mirror.url)", "--security-mirror=\(mirror.securityURL)",
            "--keyring=\(archive.keyring)", "--components=main", "--size=512M", "--swap=4M",
        ] + more
    }

    // MARK: Files

    /// Writes an executable script below the directory.
    @discardableResult
    func script(_ relative: String, _ body: String) throws -> FilePath {
        let script = path.pushing(FilePath(relative))
        try writeFile(script, "#!/bin/sh\n\(body)\n", mode: 0o755)
        return script
    }

    /// Writes a file that a test gives to the program.
    @discardableResult
    func file(_ name: String, _ text: String) throws -> FilePath {
        try writeFile(files.appending(name), text)
        return files.appending(name)
    }

    /// What a failed run must leave as it was: everything but journal and logs.
    func capture() -> HostState {
        HostState.capture(
            watching: [guests, configurations, settings, files],
            marker: path.string
        )
    }

    /// Looks again until nothing has changed since `before`: a process that was told to end may need a moment, and so may
    /// the kernel, which gives back the loop device of a mount when what the last process wrote there is on the disk.
    func settledDifference(from before: HostState) async throws -> [String] {
        var difference = capture().difference(from: before)
        for _ in 0..<1000 where difference.contains(where: { $0.contains("process") || $0.contains("loop device") }) {
            try await Task.sleep(for: .milliseconds(20))
            difference = capture().difference(from: before)
        }
        return difference
    }

    /// Waits until a file is there; false when the program ended before.
    static func wait(for file: FilePath, of running: RunningCommand) async throws -> Bool {
        try await wait(of: running) { fileExists(file) }
    }

    /// Waits until something is so; false when the program ended before.
    static func wait(of running: RunningCommand, until condition: () -> Bool) async throws -> Bool {
        while !condition() {
            guard running.isRunning else { return condition() }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}

/// Runs a test's body in a workspace, which is removed afterwards.
///
/// As many as there are processors at once: each starts a hundred processes, and a machine that does too much at once
/// makes programs look as if they hung.
///
/// - Parameter waitsOnly: the test does nothing but wait, and takes nobody's place.
func withWorkspace(waitsOnly: Bool = false, _ body: (Workspace) async throws -> Void) async throws {
    if !waitsOnly { await Places.shared.enter() }
    do {
        try await withTemporaryDirectory("acceptance") { directory in
            let workspace = Workspace(path: directory)
            try makeDirectories(workspace.files)
            try makeDirectories(workspace.settings)
            try await body(workspace)
        }
    } catch {
        if !waitsOnly { await Places.shared.leave() }
        throw error
    }
    if !waitsOnly { await Places.shared.leave() }
}

private actor Places {
    static let shared = Places()

    private var free = max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
