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
        textIfAny(file).split(whereSeparator: \.isNewline).suffix(count).map { "    | \($0)" }
            .joined(separator: "\n")
    }

    /// The archive that the program would use on this machine: there is no other place that knows.
    func mirror(scratch: FilePath) async throws -> String {
        let (status, output) = try await runner.capture(
            Invocation(
                "\(program)/usr/local/bin/domus",
                ["create", "--hostname=mirror", "--dist=\(XenHost.suite)", "--dhcp", "--dumpconfig"],
                environment: ["LC_ALL": "C.UTF-8"], timeout: 120))
        guard
            let line = output.split(separator: "\n").first(where: { $0.hasPrefix("mirror ") || $0.hasPrefix("mirror=") }
            ),
            let address = line.split(separator: "=", maxSplits: 1).last
        else {
            throw LabError("domus create --dumpconfig names no mirror (\(status)): \(output)")
        }
        let mirror = address.filter { $0 != " " }
        let answer = try await runner.run(
            Invocation(
                "/usr/lib/apt/apt-helper",
                ["download-file", "\(mirror)/dists/\(XenHost.suite)/InRelease", "\(scratch)/InRelease"],
                environment: ["LC_ALL": "C"], timeout: 120),
            appendingOutputTo: nil)
        guard answer.isSuccess else {
            throw Unavailable(
                "what the Xen host is made of is not all here yet, and the archive of packages that apt uses here does not "
                    + "answer")
        }
        return mirror
    }
}
