import Glibc
import SystemPackage

/// What a failed run could leave on the machine, taken before and after:
///
///     let before = HostState.capture(watching: [directory], marker: directory.string)
///     ...
///     #expect(HostState.capture(watching: [directory], marker: directory.string).difference(from: before) == [])
package struct HostState: Sendable {
    private var markers: [String] = []
    private var mounts: [String: String] = [:]
    private var loops: [String: String] = [:]
    private var processes: [String: String] = [:]
    private var files: [String: String] = [:]

    /// Looks at the machine.
    ///
    /// - Mounts: all of this mount namespace.
    /// - Loop devices: those whose backing file is below a watched directory or has the marker in its path (tests that
    ///   run beside this one have their own).
    /// - Processes: those with the marker in their command line, program, root or working directory; the test's own
    ///   process is not one of them.
    /// - Files: everything below the watched directories, with type, mode, owner, size, inode, link target and, for
    ///   regular files, the time of the last change. A watched directory that does not exist is empty.
    ///
    /// The marker is best the path of the test's temporary directory: it is in every path that the program is given.
    package static func capture(watching directories: [FilePath] = [], marker: String? = nil) -> HostState {
        var state = HostState()
        state.mounts = readMounts()
        state.markers = directories.map(\.string) + (marker.map { [$0] } ?? [])
        state.loops = readLoops(markers: state.markers)
        if let marker { state.processes = readProcesses(marker: marker) }
        for directory in directories { readTree(directory.string, into: &state.files) }
        return state
    }

    /// Seconds that a loop device may be there after its last user has closed it: whoever looks at all of them, as
    /// losetup(8) in a test beside this one, or udev, has it open for a moment, and the kernel takes it away after that.
    private static let patience = 5.0

    /// What is new, gone or changed since `before`, one line each, sorted by kind and name; empty when all is as it was.
    package func difference(from before: HostState) -> [String] {
        var loops = loops
        var left = Self.patience
        while left > 0, loops.contains(where: { before.loops[$0.key] != $0.value }) {
            let pause = 0.05
            usleep(useconds_t(pause * 1e6))
            left -= pause
            let present = Self.readLoops(markers: markers)
            // One that is new by now is not of the moment that was captured.
            loops = loops.filter { before.loops[$0.key] == $0.value || present[$0.key] == $0.value }
        }
        return compare("mount", before.mounts, mounts) + compare("loop device", before.loops, loops)
            + compare("process", before.processes, processes) + compare("file", before.files, files)
    }

    private func compare(_ kind: String, _ before: [String: String], _ now: [String: String]) -> [String] {
        Set(before.keys).union(now.keys).sorted().compactMap { name in
            switch (before[name], now[name]) {
            case (nil, let new?): "new \(kind) \(name): \(new)"
            case (let old?, nil): "\(kind) \(name) is gone: \(old)"
            case (let old?, let new?) where old != new: "\(kind) \(name) changed: \(old) -> \(new)"
            default: nil
            }
        }
    }

    private static func readMounts() -> [String: String] {
        var mounts: [String: String] = [:]
        for line in procText("/proc/self/mountinfo").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { continue }
            // By id: one directory can be mounted on twice.
            mounts["\(fields[4]) (id \(fields[0]))"] = "\(fields[2]) \(fields[3]) \(fields[5])"
        }
        return mounts
    }

    private static func readLoops(markers: [String]) -> [String: String] {
        var loops: [String: String] = [:]
        for name in directoryEntries("/sys/block") where name.hasPrefix("loop") {
            let file = procText("/sys/block/\(name)/loop/backing_file")
            if markers.contains(where: { file.contains($0) }) { loops["/dev/\(name)"] = file.filter { $0 != "\n" } }
        }
        return loops
    }

    private static func readProcesses(marker: String) -> [String: String] {
        var processes: [String: String] = [:]
        for name in directoryEntries("/proc") {
            guard let id = pid_t(name), id != getpid() else { continue }
            let words = procText("/proc/\(name)/cmdline").split(separator: "\0").joined(separator: " ")
            let places = ["exe", "cwd", "root"].compactMap { place in
                linkTarget(FilePath("/proc/\(name)/\(place)")).map { "\(place) \($0)" }
            }
            guard words.contains(marker) || places.contains(where: { $0.contains(marker) }) else { continue }
            processes[name] = "\(words) (\(places.joined(separator: ", ")))"
        }
        return processes
    }

    private static func readTree(_ path: String, into files: inout [String: String]) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let mode = String(status.st_mode & 0o7777, radix: 8)
        var description = "mode \(mode) owner \(status.st_uid):\(status.st_gid) inode \(status.st_ino)"
        switch status.st_mode & S_IFMT {
        case S_IFDIR: description = "directory \(description)"
        case S_IFREG:
            let changed = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            description = "file \(description) size \(status.st_size) written \(changed)"
        case S_IFLNK: description = "link \(description) to \(linkTarget(FilePath(path)) ?? "?")"
        case S_IFIFO: description = "fifo \(description)"
        case S_IFSOCK: description = "socket \(description)"
        default: description = "device \(description) number \(status.st_rdev)"
        }
        files[path] = description
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in directoryEntries(path) { readTree("\(path)/\(name)", into: &files) }
    }

    /// Files in /proc and /sys vanish while one looks; that is the same as empty.
    private static func procText(_ path: String) -> String {
        (try? readText(FilePath(path))) ?? ""
    }
}
