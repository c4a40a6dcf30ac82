import LinuxHost
import SystemPackage

/// Where everything of the lab is.
struct Laboratory: Sendable {
    /// `Tests/XenLab` of the checkout.
    let sources: FilePath
    /// What `make install DESTDIR=...` has put together.
    let program: FilePath
    /// What is kept from run to run: hosts, root archives, the results of each scenario's last run.
    let cache: FilePath
    let runner: SubprocessRunner
    let reporter: Reporter

    var results: FilePath { cache.appending("results") }

    /// Runs a program to its end, with its output in a file.
    ///
    /// - Throws: ``LabError`` with the file's last lines.
    func run(
        _ executable: String, _ arguments: [String], log: FilePath, timeout: Int, environment: [String: String] = [:]
    ) async throws {
        let environment = environment.merging(["LC_ALL": "C.UTF-8"]) { given, _ in given }
        let status = try await runner.run(
            Invocation(executable, arguments, environment: environment, timeout: timeout), appendingOutputTo: log)
        guard status.isSuccess else {
            throw LabError(
                "\(executable) \(arguments.first ?? ""): \(status); it said last:\n" + lastLines(of: log, 15),
                hint: "all of it is in \(log)")
        }
    }

    /// The last lines of a text file, indented.
    func lastLines(of file: FilePath, _ count: Int) -> String {
        textIfAny(file).replacing("\r", with: "").split(separator: "\n").suffix(count).map { "    | \($0)" }
            .joined(separator: "\n")
    }
}
