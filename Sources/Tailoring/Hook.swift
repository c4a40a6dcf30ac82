import LinuxHost
import SystemPackage

/// One script that tailors the guest.
package struct Hook: Sendable, Hashable {
    /// When it runs: what does not depend on who the guest is comes first, since a base can keep it.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case base
        case guest
    }

    /// The file's name, `40-setup-networking`: hooks of a phase run in the order of their names.
    package let name: String
    package let phase: Phase
    package let path: FilePath
    /// Whether it came with Domus. Such a hook never writes on the host, and is held to it.
    package let isStock: Bool

    package init(name: String, phase: Phase, path: FilePath, isStock: Bool) {
        self.name = name
        self.phase = phase
        self.path = path
        self.isStock = isStock
    }
}

/// Why the hooks cannot be run.
package struct TailoringError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}

/// The hooks of a run, in order.
package struct HookSet: Sendable, Hashable {
    package let hooks: [Hook]
    /// Files in the users' directory that are no hooks, with the reason, to be warned about.
    package let passedOver: [String]
    /// What may not be what was meant, to be warned about.
    package let remarks: [String]

    /// Hooks of xen-tools 4.10 that Domus has none of.
    private static let former: Set<String> = [
        "10-disable-tls", "15-setup-arch", "20-enable-su", "20-setup-yum", "25-generate-locale", "25-setup-kernel",
        "55-create-dev", "82-install-grub-legacy",
    ]

    /// What a hook that was made to replace one of xen-tools' does instead; nil where it replaces it.
    private static func remark(on name: String, beside hooks: [Hook]) -> String? {
        if former.contains(name) { return "runs in addition" }
        // One hook does here what xen-tools has several of.
        let other = ["-deb-netplan", "-deb", "-rpm", "-ubuntu"].first(where: name.hasSuffix).flatMap { ending in
            hooks.first { $0.isStock && $0.name == name.dropLast(ending.count) }
        }
        return other.map { "runs beside \($0.name), not in its place" }
    }

    /// Gathers the stock hooks below `stock` (`base/`, `guest/`) and the users' own.
    ///
    /// A user's hook replaces the stock hook of its name, in that hook's phase; one with a new name is added to the
    /// phase `guest`. An empty file that is executable thus disables a stock hook.
    package init(stock: FilePath, user: FilePath, files: any FileReading) throws(TailoringError) {
        var hooks: [Hook] = []
        var passedOver: [String] = []
        var remarks: [String] = []
        do throws(HostError) {
            for phase in Hook.Phase.allCases {
                let directory = stock.appending(phase.rawValue)
                for name in try files.names(in: directory) where Self.isHookName(name) {
                    let path = directory.appending(name)
                    guard files.isExecutable(path) else { continue }
                    hooks.append(Hook(name: name, phase: phase, path: path, isStock: true))
                }
            }
            if try files.hasDirectory(at: user) {
                for name in try files.names(in: user) {
                    let path = user.appending(name)
                    guard Self.isHookName(name) else {
                        passedOver.append("\(path): its name is a backup's")
                        continue
                    }
                    guard files.isExecutable(path) else {
                        passedOver.append("\(path): it is not an executable file")
                        continue
                    }
                    let replaced = hooks.firstIndex { $0.name == name }
                    if replaced == nil, let remark = Self.remark(on: name, beside: hooks) {
                        remarks.append("\(path) was the name of a hook of xen-tools: here it \(remark)")
                    }
                    let hook = Hook(
                        name: name, phase: replaced.map { hooks[$0].phase } ?? .guest, path: path, isStock: false)
                    if let replaced { hooks[replaced] = hook } else { hooks.append(hook) }
                }
            }
        } catch {
            throw TailoringError(error.message, hint: error.hint)
        }
        guard hooks.contains(where: \.isStock) else {
            throw TailoringError(
                "cannot find the hooks that tailor a guest: \(stock) has none",
                hint: "the installation is damaged; install Domus again")
        }
        self.hooks = hooks.sorted { ($0.phase == .base ? 0 : 1, $0.name) < ($1.phase == .base ? 0 : 1, $1.name) }
        self.passedOver = passedOver
        self.remarks = remarks
    }

    /// Whether some are the administrator's.
    package var hasOwn: Bool { hooks.contains { !$0.isStock } }

    /// The names of the hooks that came with Domus and are for bases.
    package var stockOfBase: Set<String> { Set(hooks.filter { $0.isStock && $0.phase == .base }.map(\.name)) }

    /// Editors' and dpkg's leftovers are no hooks (as in xen-tools and run-parts(8)).
    private static func isHookName(_ name: String) -> Bool {
        !name.hasPrefix(".") && !name.hasSuffix("~") && !name.contains(".dpkg-") && !name.hasSuffix(".bak")
    }
}
