import Glibc

/// The command line, as the caller wrote it. The command itself stays where the kernel put it, byte for byte.
struct Options {
    /// A file or directory of the host to be shown somewhere else.
    struct Binding {
        var source: String
        var destination: String
        var isWritable: Bool

        /// The path inside the guest's tree, if the destination lies there.
        var insideRoot: String? { destination.hasPrefix("@/") ? String(destination.dropFirst()) : nil }
    }

    /// A file system in an image, to be mounted.
    struct LoopMount {
        var image: String
        var directory: String
        var type: String
        /// Where the file system begins in the image, in bytes.
        var offset: UInt64
        /// Its bytes; 0 for all that there are.
        var length: UInt64
    }

    /// A part of an image, to be shown as a device of its own in the place of a file.
    struct LoopDevice {
        var image: String
        var file: String
        /// In bytes.
        var offset: UInt64
        /// In bytes; 0 for all that there are.
        var length: UInt64
    }

    var root: String?
    var loopMounts: [LoopMount] = []
    var loopDevices: [LoopDevice] = []
    /// Without its loop devices the command would work on something else.
    var needsNoLoop: Bool { loopMounts.isEmpty && loopDevices.isEmpty }
    var enter = false
    var mountKernelFileSystems = false
    var bindings: [Binding] = []
    var readOnlyHost = false
    var writable: [String] = []
    var provided: [Binding] = []
    var passStandardInput = false
    var pidNamespace = false
    var allowUnprivileged = false
    var ignoreSynchronization = false
    var help = false
    /// The index in argv of the command's name.
    var command = 0

    static let usage = """
        Usage: domus-chroot [OPTION]... -- COMMAND [ARGUMENT]...
        Runs a command with mounts of its own, which end with it.

          --root=DIR             the guest's tree
          --enter                chroot into the tree before the command
          --mount-kernel-fs      proc, sys (read-only), a minimal dev and a fresh run, in the tree
          --bind=SRC:DST         show SRC, read-only, at DST (@/PATH is inside the tree)
          --bind-writable=SRC:DST  the same, and what is written to DST lands in SRC
          --read-only-host       everything but the tree is read-only for the command
          --writable=DIR         but not DIR
          --provide=SRC:DST      show the file SRC at DST, even where DST's directory does not exist
          --loop-mount=IMAGE:DIR:TYPE[:OFFSET:LENGTH]  mount the file system in IMAGE at DIR
          --loop-device=IMAGE:FILE:OFFSET:LENGTH  show a part of IMAGE as a block device in the place of FILE
          --stdin                the command reads standard input (otherwise a pipe there is the lifeline)
          --pid-namespace        whatever the command leaves running ends with it
          --allow-unprivileged   go on without mounts where the kernel allows none
          --ignore-sync          fsync(2) and its like do nothing for the command, where the kernel can do that

        Exit status: the command's own, 128 + N when signal N ended it, 125 when domus-chroot failed,
        126 when the command cannot be executed, 127 when it is not found.

        """

    /// - Throws: ``Failure`` that names the argument at fault.
    init(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws(Failure) {
        // Swift reads it from there, and gives nothing where there is no /proc.
        guard arguments[0] != nil else { throw Failure("read the command line from", "/proc/self/cmdline") }
        var index = 1
        while let raw = arguments[index] {
            guard let argument = String(validatingCString: raw) else {
                throw Failure("read argument", "\(index): it is not UTF-8", code: 0)
            }
            index += 1
            if argument == "--" { break }
            guard argument.hasPrefix("--") else {
                throw Failure("understand", "\"\(argument)\": the command comes after \"--\"", code: 0)
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try take(String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
        }
        if help { return }
        command = index
        guard arguments[index] != nil else { throw Failure("run", "nothing: no command after \"--\"", code: 0) }
        try check()
    }

    private mutating func take(_ name: String, _ value: String?) throws(Failure) {
        switch (name, value) {
        case ("--root", let value?): root = value
        case ("--writable", let value?): writable.append(value)
        case ("--bind", let value?): bindings.append(try Self.binding(name, value, isWritable: false))
        case ("--bind-writable", let value?): bindings.append(try Self.binding(name, value, isWritable: true))
        case ("--loop-mount", let value?): loopMounts.append(try Self.loopMount(value))
        case ("--loop-device", let value?): loopDevices.append(try Self.loopDevice(value))
        case ("--provide", let value?): provided.append(try Self.binding(name, value, isWritable: false))
        case ("--enter", nil): enter = true
        case ("--mount-kernel-fs", nil): mountKernelFileSystems = true
        case ("--read-only-host", nil): readOnlyHost = true
        case ("--stdin", nil): passStandardInput = true
        case ("--pid-namespace", nil): pidNamespace = true
        case ("--allow-unprivileged", nil): allowUnprivileged = true
        case ("--ignore-sync", nil): ignoreSynchronization = true
        case ("--help", nil): help = true
        default: throw Failure("understand", "the option \(name)\(value.map { "=\($0)" } ?? "")", code: 0)
        }
    }

    private static func binding(_ name: String, _ value: String, isWritable: Bool) throws(Failure) -> Binding {
        let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("/"), parts[1].hasPrefix("/") || parts[1].hasPrefix("@/") else {
            throw Failure("understand", "\(name)=\(value): two absolute paths are needed, SRC:DST", code: 0)
        }
        return Binding(source: parts[0], destination: parts[1], isWritable: isWritable)
    }

    private static func loopMount(_ value: String) throws(Failure) -> LoopMount {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let numbers = parts.dropFirst(3).map { UInt64($0) }
        guard [3, 5].contains(parts.count), parts[0].hasPrefix("/"), parts[1].hasPrefix("/"), !parts[2].isEmpty,
            !numbers.contains(nil)
        else {
            throw Failure("understand", "--loop-mount=\(value): IMAGE:DIR:TYPE[:OFFSET:LENGTH] is needed", code: 0)
        }
        return LoopMount(
            image: parts[0], directory: parts[1], type: parts[2], offset: (numbers.first ?? 0) ?? 0,
            length: (numbers.last ?? 0) ?? 0)
    }

    private static func loopDevice(_ value: String) throws(Failure) -> LoopDevice {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0].hasPrefix("/"), parts[1].hasPrefix("/"), let offset = UInt64(parts[2]),
            let length = UInt64(parts[3])
        else {
            throw Failure("understand", "--loop-device=\(value): IMAGE:FILE:OFFSET:LENGTH is needed", code: 0)
        }
        return LoopDevice(image: parts[0], file: parts[1], offset: offset, length: length)
    }

    /// Makes host paths absolute and refuses what makes no sense together.
    private mutating func check() throws(Failure) {
        if let given = root {
            let path = try absolute(given)
            guard path != "/" else { throw Failure("use", "/ as the guest's tree", code: 0) }
            root = path
        } else {
            let needsRoot = enter || mountKernelFileSystems || bindings.contains { $0.insideRoot != nil }
            if needsRoot { throw Failure("do that", "without --root=DIR", code: 0) }
        }
        for index in writable.indices { writable[index] = try absolute(writable[index]) }
        if let inside = provided.first(where: { $0.insideRoot != nil }) {
            throw Failure("provide", "\(inside.destination) inside the tree: use --bind", code: 0)
        }
    }

    private func absolute(_ path: String) throws(Failure) -> String {
        guard let resolved = realpath(path, nil) else { throw Failure("find", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
