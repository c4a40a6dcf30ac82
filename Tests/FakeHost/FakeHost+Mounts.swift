import GuestModel
import LinuxHost
import SystemPackage

/// Mounts of this process alone. A device's file system is shown as a system that is the same each time, a new one's as
/// nothing; when it is unmounted the device holds the list of what is in it.
extension FakeHost {
    package var mountsPrivately: Bool { true }
    package var mountsImages: Bool { true }

    package func createMountableImage(
        _ path: FilePath, size: ByteSize, allocated: Bool
    ) throws(HostError) -> ImageDevice {
        _ = try createImage(path, size: size, allocated: allocated)
        return ImageDevice(descriptor: nil)
    }

    package func mount(
        _ device: FilePath, through loop: ImageDevice?, at directory: FilePath, type: String, options: String,
        isReadOnly: Bool
    ) throws(HostError) {
        let effect = "mount \(device) on \(directory)"
        _ = try begin(effect)
        var tree = machine.tree
        guard let id = try? tree.find(directory.string), tree.children(of: id)?.isEmpty == true,
            tree.text(device.string)?.isEmpty == false
        else { throw HostError(cannot: effect, .invalidArgument) }
        if tree.text(device.string) != FakeFileSystems.empty {
            FakePrograms.putSystem(at: directory.string, in: &tree)
        }
        machine.tree = tree
        mounts.withLock { $0[directory.string] = device.string }
        try end(effect)
    }

    /// Beside other work, at any moment: no effect that can be counted.
    package func writeOut(_ path: FilePath) async throws(HostError) {}

    package func trim(_ directory: FilePath) {}

    package func unmount(_ directory: FilePath, whatWasWritten matters: Bool) throws(HostError) -> Bool {
        let effect = "unmount \(directory)"
        let extent = try begin(effect)
        var isThere = false
        if extent == .whole, let device = mounts.withLock({ $0.removeValue(forKey: directory.string) }) {
            var tree = machine.tree
            let content = tree.snapshot().keys.filter { $0.hasPrefix("\(directory)/") }.sorted()
                .map { "\($0.dropFirst(directory.string.count)): \(tree.text($0) ?? "-")" }
            FakeFileSystems.put(Array(content.joined(separator: "\n").utf8), on: device, in: &tree)
            tree.empty(directory.string)
            machine.tree = tree
            isThere = true
        }
        try end(effect)
        return isThere
    }

    /// A process's mounts end with it.
    func loseMounts() {
        for directory in mounts.withLock({ $0.keys.sorted() }) {
            var tree = machine.tree
            tree.empty(directory)
            machine.tree = tree
        }
        mounts.withLock { $0 = [:] }
    }
}

extension FakeTree {
    fileprivate mutating func empty(_ directory: String) {
        guard let id = try? find(directory), let names = children(of: id)?.keys.sorted() else { return }
        for name in names { take("\(directory)/\(name)") }
    }
}
