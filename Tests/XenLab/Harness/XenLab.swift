import ArgumentParser
import Dispatch
import Foundation
import LinuxHost
import SystemPackage
import TestSupport

/// Runs the scenarios of `Tests/XenLab` on an emulated Xen host: what `make check-xen` starts.
@main
struct XenLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xen-lab",
        abstract: "Run the built program on an emulated Xen host, and boot what it makes.",
        discussion: """
            Exit status: 0 all passed; 1 one failed, or its host failed twice; 77 something was skipped and nothing failed.
            """)

    @Option(help: "Tests/XenLab of the checkout.")
    var sources: String

    @Option(help: "What make install DESTDIR=... has put together.")
    var program: String

    @Option(help: "Where hosts, root archives and results are kept.")
    var cache: String?

    @Flag(help: "The slow scenarios too.")
    var full = false

    @Flag(help: "List the scenarios.")
    var list = false

    @Option(help: "How many hosts run at a time (one a processor, as far as the memory reaches).")
    var jobs: Int?

    @Argument(help: "The scenarios (all that are not slow).")
    var scenarios: [String] = []

    func run() async throws {
        let work = Task { try await outcome() }
        signal(SIGPIPE, SIG_IGN)
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { work.cancel() }
            source.resume()
            return source
        }
        defer { sources.forEach { $0.cancel() } }
        do {
            let code = try await work.value
            if code != 0 { throw ExitCode(code) }
        } catch is CancellationError {
            throw ExitCode(130)
        } catch let error as HostError where work.isCancelled {
            FileHandle.standardError.write(Data("xen-lab: \(error.message)\n".utf8))
            throw ExitCode(130)
        } catch let error where !(error is ExitCode) {
            FileHandle.standardError.write(Data("xen-lab: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func outcome() async throws -> Int32 {
        let sources = try absolute(sources)
        let chosen = try selection(Scenario.all(in: sources.appending("Scenarios")))
        if list {
            for scenario in chosen {
                print("\(scenario.name)\t\(scenario.isSlow ? "slow\t" : "\t")\(scenario.summary)")
            }
            return 0
        }
        let lab = Laboratory(
            sources: sources, program: try absolute(program), cache: try cacheDirectory(),
            runner: SubprocessRunner(path: ProcessInfo.processInfo.environment["PATH"] ?? ""), reporter: Reporter())
        let drawing = Task { await lab.reporter.draw() }
        defer { drawing.cancel() }
        let session = Session(lab: lab, scenarios: chosen, jobs: jobs)
        return try await session.run()
    }

    private func selection(_ all: [Scenario]) throws -> [Scenario] {
        guard !scenarios.isEmpty else { return all.filter { full || !$0.isSlow } }
        return try scenarios.map { name in
            guard let scenario = all.first(where: { $0.name == name }) else {
                throw LabError(
                    "there is no scenario \"\(name)\"", hint: "there are " + all.map(\.name).joined(separator: ", "))
            }
            return scenario
        }
    }

    private func absolute(_ path: String) throws -> FilePath {
        guard let resolved = realpath(path, nil) else {
            throw LabError("\(path): \(Errno(rawValue: errno))")
        }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }

    private func cacheDirectory() throws -> FilePath {
        let environment = ProcessInfo.processInfo.environment
        let path =
            cache
            ?? (environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
                ?? (environment["HOME"] ?? "/root") + "/.cache") + "/domus/xen-lab"
        try makeDirectories(FilePath(path))
        let resolved = try absolute(path)
        // QEMU's options take these for their own punctuation.
        guard !resolved.string.contains(where: { ",'".contains($0) }) else {
            throw LabError(
                "\(resolved): a comma or quote in the cache directory's name is one in QEMU's options",
                hint: "name another with --cache")
        }
        return resolved
    }
}
