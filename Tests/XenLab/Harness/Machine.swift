import Foundation
import LinuxHost
import Synchronization
import SystemPackage
import TestSupport

/// The emulated computer that Xen runs on: QEMU without hardware virtualization.
///
/// What makes it work, and was measured:
/// - The processor without SMAP and SMEP (dom0 dies at its first iret), RDTSCP (PVH guests loop) and XSAVE (programs in
///   dom0 abort with a corrupted heap now and then). Without ERMS, with which memory is copied a byte an instruction.
/// - One processor whose clock counts instructions (`-icount`), and runs with the wall's while it idles: on a busy machine
///   everything takes longer for us and nothing takes longer for dom0, so that libxl's 40 seconds for a block script, and
///   the scenarios' own limits, mean the same everywhere. Two processors gain less than two such machines side by side.
/// - No device that Xen or dom0 does not need: each access to one is a trap through three layers.
/// - What QEMU writes goes to files, and what it reads are pipes that are open at both ends: nothing here blocks or ends
///   for want of a partner.
struct Machine: Sendable {
    /// Holds disk.img, xen, vmlinuz and initrd.img.
    let host: FilePath
    /// Where this run's console, answers and errors go.
    let directory: FilePath
    /// The directory that dom0 sees read-only under the tag `lab`.
    let share: FilePath

    /// MiB of the machine and of dom0; the difference is the guests'.
    static let memory = 4096
    static let dom0Memory = 1536
    /// Bytes of the second disk, which takes as much room as is written.
    private static let secondDiskSize: Int64 = 6 << 30
    static let program = "qemu-system-x86_64"

    var console: FilePath { directory.appending("console") }
    var answers: FilePath { directory.appending("agent.out") }
    var errors: FilePath { directory.appending("qemu") }
    /// dom0's second disk, which is empty at first, and outlives a power cut.
    private var secondDisk: FilePath { directory.appending("second-disk") }
    private var agent: FilePath { directory.appending("agent") }
    private var monitor: FilePath { directory.appending("monitor") }
    /// The directory that dom0 writes under the tag `results`.
    var results: FilePath { directory.appending("results") }

    /// How it begins.
    enum Beginning {
        /// From power on, to save its state as this file once it is ready; the disk is changed.
        case powerOn(saving: FilePath)
        /// From a saved state, with a command for the host; the disk is not changed.
        case saved(FilePath, command: String)
    }

    private static let shape: [String] = [
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-machine", "q35,usb=off,vmport=off,hpet=off",
        "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on", "-smp", "1",
        "-cpu", "max,-smap,-smep,-rdtscp,-xsave,-erms,-fsrm", "-m", "\(memory)M",
    ]
    private static let xenOptions =
        "dom0_mem=\(dom0Memory)M,max:\(dom0Memory)M bootscrub=no com1=115200,8n1 console=com1"
    private static let linuxOptions =
        "root=/dev/vda ro console=hvc0 net.ifnames=0 systemd.journald.forward_to_console=0"

    func arguments(_ beginning: Beginning) -> [String] {
        var arguments = Self.shape
        arguments += [
            "-kernel", "\(host)/xen", "-append", Self.xenOptions,
            "-initrd", "\(host)/vmlinuz \(Self.linuxOptions),\(host)/initrd.img",
            "-chardev", "file,id=console,path=\(console)", "-serial", "chardev:console",
            // Reads agent.in, writes agent.out.
            "-chardev", "pipe,id=agent,path=\(agent)",
            "-chardev", "pipe,id=monitor,path=\(monitor)", "-mon", "monitor",
            "-device", "virtio-serial-pci,max_ports=2", "-device", "virtserialport,chardev=agent,name=lab",
            "-virtfs", "local,id=lab,path=\(share),mount_tag=lab,security_model=none,readonly=on",
            "-virtfs", "local,id=results,path=\(results),mount_tag=results,security_model=none",
        ]
        let disk = "file=\(host)/disk.img,format=raw,if=virtio,cache=unsafe"
        switch beginning {
        case .powerOn:
            arguments += ["-drive", disk]
        case .saved(let state, _):
            arguments += ["-drive", disk + ",snapshot=on", "-incoming", "exec:zstd -dc '\(state)'"]
        }
        // Behind the other: dom0 calls them vda and vdb in this order.
        arguments += ["-drive", "file=\(secondDisk),format=raw,if=virtio,cache=unsafe"]
        return arguments
    }

    /// How a run of the machine ended.
    enum Ending: Sendable {
        /// What was waited for came.
        case answered(String)
        /// The machine is gone without an answer: Xen or QEMU ended.
        case gone(ExitStatus)
        /// No answer within so many seconds of the wall, or no line at all for ``patience`` of them.
        case silent(Int)
    }

    /// Seconds of the wall without a line, after which a host that says regularly that it lives is taken for dead. Its half
    /// minutes are minutes of ours when it is busy.
    static let patience = 900

    /// Starts the machine, and ends it once a line of dom0's answers begins with one of the prefixes. For dom0 that is as if
    /// the power failed.
    ///
    /// - Parameters:
    ///   - limit: Seconds of the wall's clock.
    ///   - onLine: Told each line that dom0 answers before that.
    func run(
        _ beginning: Beginning, until prefixes: String..., limit: Int, runner: SubprocessRunner,
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Ending {
        try makeDirectories(results)
        if !fileExists(secondDisk) {
            try writeFile(secondDisk, "")
            guard truncate(secondDisk.string, off_t(Self.secondDiskSize)) == 0 else {
                throw LabError("cannot make \(secondDisk): \(Errno(rawValue: errno))")
            }
        }
        for file in [console, answers, errors, FilePath("\(monitor).out")] { try writeFile(file, "") }
        let toAgent = try pipe(FilePath("\(agent).in"))
        defer { try? toAgent.close() }
        let toMonitor = try pipe(FilePath("\(monitor).in"))
        defer { try? toMonitor.close() }
        if case .saved(_, let line) = beginning { try toAgent.writeAll((line + "\n").utf8) }
        let invocation = Invocation(
            Self.program, arguments(beginning),
            // QEMU's overlay of the disk goes beside the rest, rather than into a /var/tmp that may be small.
            environment: ["LC_ALL": "C", "TMPDIR": directory.string])
        let lastLine = Moment()
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { .gone(try await runner.run(invocation, appendingOutputTo: errors)) }
            group.addTask {
                .answered(
                    try await listen(
                        until: prefixes,
                        {
                            lastLine.isNow(); onLine($0)
                        }))
            }
            group.addTask {
                guard case .saved = beginning else {
                    try await Task.sleep(for: .seconds(limit))
                    return .silent(limit)
                }
                try await resume(toMonitor)
                lastLine.isNow()
                let start = ContinuousClock.now
                while start.duration(to: .now) < .seconds(limit) {
                    try await Task.sleep(for: .seconds(1))
                    if lastLine.secondsAgo > Self.patience { return .silent(Self.patience) }
                }
                return .silent(limit)
            }
            defer { group.cancelAll() }
            let first = try await group.next() ?? .silent(limit)
            guard case .answered = first, case .powerOn(let state) = beginning else { return first }
            // Stopped first. Of a machine that runs, QEMU 7.2 saved pages that did not fit together: dom0's timers crashed
            // some seconds later, always the same.
            try toMonitor.writeAll(
                """
                stop
                migrate_set_parameter max-bandwidth 100G
                migrate "exec:zstd -q -3 > '\(state).part'"
                quit

                """.utf8)
            let second = try await group.next() ?? .silent(limit)
            guard case .gone(.exited(0)) = second else { return second }
            try keep(FilePath("\(state).part"), as: state)
            return first
        }
    }

    /// Lets a machine run that was saved stopped. It says that it is paused once its state is there; before, that would be
    /// lost on it.
    private func resume(_ toMonitor: FileDescriptor) async throws {
        let said = FilePath("\(monitor).out")
        repeat {
            try toMonitor.writeAll("info status\n".utf8)
            try await Task.sleep(for: .milliseconds(200))
        } while !textIfAny(said).contains("VM status: paused\r\n")
        try toMonitor.writeAll("cont\n".utf8)
    }

    /// A named pipe, new, open at both ends: what is written before the other side is there waits for it.
    private func pipe(_ path: FilePath) throws -> FileDescriptor {
        try remove(path)
        guard mkfifo(path.string, 0o600) == 0 else {
            throw LabError("cannot make the pipe \(path): \(Errno(rawValue: errno))")
        }
        return try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
    }

    private func listen(until prefixes: [String], _ onLine: @Sendable (String) -> Void) async throws -> String {
        let file = try FileDescriptor.open(answers, .readOnly, options: .closeOnExec)
        defer { try? file.close() }
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
                pending.removeSubrange(...end)
                if prefixes.contains(where: line.hasPrefix) { return line }
                onLine(line)
            }
            if count == 0 { try await Task.sleep(for: .milliseconds(50)) }
        }
    }
}

/// A time that several tasks note and read.
private final class Moment: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    func isNow() { instant.withLock { $0 = .now } }

    var secondsAgo: Int { instant.withLock { Int($0.duration(to: .now) / .seconds(1)) } }
}
