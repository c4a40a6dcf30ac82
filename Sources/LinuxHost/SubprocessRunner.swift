import CLinux
import Glibc
import Subprocess
import SystemPackage

/// Programs of the real host, started through swift-subprocess.
package struct SubprocessRunner: ProcessRunning {
    private let searchPath: [String]

    /// - Parameter path: the value of `PATH`. The directories of system programs are added: `su` without `-` leaves
    ///   them out, and mkfs and debootstrap live there.
    package init(path: String) {
        var directories = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        for directory in ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        where !directories.contains(directory) {
            directories.append(directory)
        }
        searchPath = directories
    }

    package func find(_ name: String) -> FilePath? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? FilePath(name) : nil }
        for directory in searchPath {
            let candidate = "\(directory)/\(name)"
            var information = stat()
            if stat(candidate, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                access(candidate, X_OK) == 0
            {
                return FilePath(candidate)
            }
        }
        return nil
    }

    package func run(_ invocation: Invocation, appendingOutputTo log: FilePath?) async throws(HostError) -> ExitStatus {
        let output: FileDescriptor
        do {
            output = try FileDescriptor.open(
                log ?? "/dev/null", .writeOnly, options: [.append, .create, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o640))
        } catch {
            throw HostError(cannot: "open the log \(log?.string ?? "/dev/null")", error as? Errno ?? .ioError)
        }
        defer { try? output.close() }
        let started = try await start(
            invocation, output: .fileDescriptor(output, closeAfterSpawningProcess: false),
            error: .fileDescriptor(output, closeAfterSpawningProcess: false))
        return started.status
    }

    package func capture(_ invocation: Invocation) async throws(HostError) -> (status: ExitStatus, output: String) {
        let result = try await start(invocation, output: .string(limit: 1 << 20), error: .discarded)
        return (result.status, result.output)
    }

    package func attach(_ invocation: Invocation) async throws(HostError) -> ExitStatus {
        guard let program = find(invocation.executable) else {
            throw HostError("cannot run \(invocation.executable): there is no such program on this host")
        }
        var environment: [Environment.Key: String] = ["PATH": searchPath.joined(separator: ":")]
        for (key, value) in invocation.environment {
            if let key = Environment.Key(rawValue: key) { environment[key] = value }
        }
        // In this process' own group: another could not read from the terminal.
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]
        let configuration = Configuration(
            executable: .path(program), arguments: Arguments(invocation.arguments), environment: .custom(environment),
            platformOptions: options)
        do {
            let result = try await Subprocess.run(
                configuration, input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
            switch result.terminationStatus {
            case .exited(let code): return .exited(code)
            case .signaled(let signal): return .signalled(signal)
            }
        } catch {
            throw HostError("cannot run \(program): \(error)")
        }
    }

    private func start<Output: OutputProtocol & Sendable, Failure: ErrorOutputProtocol & Sendable>(
        _ invocation: Invocation, output: Output, error: Failure
    ) async throws(HostError) -> (status: ExitStatus, output: Output.OutputType)
    where Output.OutputType: Sendable, Failure.OutputType: Sendable {
        guard let found = find(invocation.executable) else {
            throw HostError("cannot run \(invocation.executable): there is no such program on this host")
        }
        let (program, invocation) = outside(found, invocation)
        let limit = invocation.timeout
        do {
            return try await withThrowingTaskGroup(of: (status: ExitStatus, output: Output.OutputType)?.self) { group in
                group.addTask {
                    try await execute(program, invocation, output: output, error: error)
                }
                if let limit {
                    group.addTask {
                        try? await Task.sleep(for: .seconds(limit))
                        return nil
                    }
                }
                if let first = try await group.next() ?? nil {
                    group.cancelAll()
                    return first
                }
                // The time is up, or we were cancelled: cancelling the child runs its teardown sequence.
                let timedOut = !Task.isCancelled
                group.cancelAll()
                guard let ended = try await group.next() ?? nil else { throw CancellationError() }
                return (timedOut ? .timedOut(limit ?? 0) : ended.status, ended.output)
            }
        } catch let error as HostError {
            throw error
        } catch is CancellationError {
            throw HostError("\(invocation.executable) was interrupted")
        } catch let error as SubprocessError {
            if Task.isCancelled { throw HostError("\(invocation.executable) was interrupted") }
            if error.code == .outputLimitExceeded {
                throw HostError("\(program) said more than is taken from it", errno: .fileTooLarge)
            }
            throw HostError("cannot run \(program): \(error)", errno: error.underlyingError)
        } catch {
            throw HostError("cannot run \(program): \(error)")
        }
    }

    /// What is to last is run where this process came from.
    private func outside(_ program: FilePath, _ invocation: Invocation) -> (FilePath, Invocation) {
        guard invocation.isLasting, let wayOut = PrivateMounts.wayOut, let nsenter = find("nsenter") else {
            return (program, invocation)
        }
        var outside = invocation
        outside.arguments = ["--mount=\(wayOut)", "--", program.string] + invocation.arguments
        return (nsenter, outside)
    }

    private func execute<Output: OutputProtocol, Failure: ErrorOutputProtocol>(
        _ program: FilePath, _ invocation: Invocation, output: Output, error: Failure
    ) async throws -> (status: ExitStatus, output: Output.OutputType)? {
        var environment: [Environment.Key: String] = ["PATH": searchPath.joined(separator: ":")]
        for (key, value) in invocation.environment {
            if let key = Environment.Key(rawValue: key) { environment[key] = value }
        }
        var options = PlatformOptions()
        // A group of its own: a ^C on the terminal must reach us alone, since we end our programs in order.
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(3))
        ]
        let configuration = Configuration(
            executable: .path(program), arguments: Arguments(invocation.arguments), environment: .custom(environment),
            platformOptions: options)

        func status(_ termination: TerminationStatus) -> ExitStatus {
            switch termination {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signalled(signal)
            }
        }
        switch invocation.input {
        case .none:
            let result = try await Subprocess.run(configuration, input: .none, output: output, error: error)
            return (status(result.terminationStatus), result.standardOutput)
        case .bytes(let bytes):
            // From a file in memory rather than a pipe: a program that ends without reading (one that is not there)
            // breaks the pipe, and swift-subprocess 1.0.2 traps over its end of it.
            let input = try Self.memory(bytes)
            let result = try await Subprocess.run(
                configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: true), output: output,
                error: error)
            return (status(result.terminationStatus), result.standardOutput)
        case .lifeline:
            // Close-on-exec: a second holder of the write end, another child of ours, would keep the helper alive.
            let (reading, writing) = try FileDescriptor.pipe(options: .closeOnExec)
            defer { try? writing.close() }
            let result = try await Subprocess.run(
                configuration, input: .fileDescriptor(reading, closeAfterSpawningProcess: true), output: output,
                error: error)
            return (status(result.terminationStatus), result.standardOutput)
        }
    }

    /// A nameless file with these bytes, at its beginning.
    private static func memory(_ bytes: [UInt8]) throws -> FileDescriptor {
        let raw = clinux_memfd_create("input", UInt32(CLINUX_MFD_CLOEXEC))
        guard raw >= 0 else { throw Kernel.lastError }
        let file = FileDescriptor(rawValue: raw)
        do {
            try file.writeAll(bytes)
            try file.seek(offset: 0, from: .start)
        } catch {
            try? file.close()
            throw error
        }
        return file
    }
}
