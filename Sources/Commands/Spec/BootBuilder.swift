import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// How the guest's kernel is found, from the options of xen-tools and `--pvgrub`.
struct BootBuilder {
    let values: Values
    let host: Host
    let base: FilePath

    func build(release: Release, notes: inout [String]) throws -> GuestSpec.Boot {
        let serial = try values.parsed("serial-device") { text throws(ValueError) in
            let name = text.hasPrefix("/dev/") ? String(text.dropFirst(5)) : text
            let valid = ["hvc", "xvc", "tty"].contains { prefix in
                name.hasPrefix(prefix) && name.count > prefix.count
                    && name.dropFirst(prefix.count).allSatisfy { $0.isASCII && $0.isNumber }
            }
            guard valid else {
                throw ValueError("\"\(text)\" is not a console of a Xen guest", hint: "write hvc0")
            }
            return name
        }
        let drivers = try values.parsed("initramfs") { text throws(ValueError) in
            guard let drivers = GuestSpec.Boot.Drivers(rawValue: text) else {
                throw ValueError("\"\(text)\" is not a set of drivers", hint: "write virtual or most")
            }
            return drivers
        }
        let loader = try loader(release, notes: &notes)
        return GuestSpec.Boot(
            loader: loader, serialDevice: serial ?? "hvc0", modules: try modules(for: loader),
            drivers: drivers ?? .virtual)
    }

    private func loader(_ release: Release, notes: inout [String]) throws -> GuestSpec.Boot.Loader {
        var pygrub = try values.flag("pygrub")
        // What a file says of one loader gives way to what the command line says of another.
        if case .file = values.given("pygrub")?.place, ["kernel", "pvgrub"].contains(where: isOption) { pygrub = nil }
        let pvgrub = try values.flag("pvgrub") == true
        if pygrub == true && pvgrub {
            throw OptionError("--pygrub and --pvgrub are two ways to boot one guest", hint: "give one of them")
        }
        if pvgrub { return .pvgrub(try pvgrubFile()) }
        let kernel = values.given("kernel")
        if let kernel, isWished(kernel, pygrub: pygrub, release) {
            if pygrub == true {
                guard case .option = kernel.place else { return .pygrub }
                throw OptionError(
                    "--kernel and --pygrub contradict each other: pygrub takes the guest's own kernel",
                    hint: "leave one of them out")
            }
            return .hostKernel(
                kernel: try existing(kernel), initrd: try values.given("initrd").map { try existing($0) })
        }
        if pygrub == true { return .pygrub }
        if let kernel, case .file(let origin) = kernel.place {
            notes.append(
                "\(origin): the host's kernel is not used: \(release.codename) brings its own "
                    + "(--kernel=FILE or pygrub = 0 uses the host's)")
        } else if let initrd = values.given("initrd"), case .option = initrd.place {
            throw OptionError("--initrd goes with --kernel", hint: "name the kernel that it belongs to")
        }
        return .ownKernel
    }

    /// xen-tools ships a configuration that names the host's running kernel, and then overrules it (`pygrub` in
    /// distributions.conf) for Debian from stretch and Ubuntu from lucid on, whose guests bring their own.
    private func isWished(_ kernel: Values.Given, pygrub: Bool?, _ release: Release) -> Bool {
        if case .option = kernel.place { return true }
        if pygrub == false { return true }
        guard let released = release.released else { return false }
        return released
            < (release.distribution == .debian
                ? CalendarDate(year: 2017, month: 6, day: 1) : CalendarDate(year: 2010, month: 4, day: 1))
    }

    private func isOption(_ key: String) -> Bool {
        if case .option = values.given(key)?.place { true } else { false }
    }

    private func existing(_ given: Values.Given) throws -> FilePath {
        let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
        guard try host.files.entry(at: path) != nil else {
            throw OptionError("\(given.place): there is no file \(path)", exit: .noInput)
        }
        return path
    }

    /// Debian's package grub-xen-host. The PVH loader boots guests of either word size.
    private func pvgrubFile() throws -> FilePath {
        let type = try values.parsed("type", GuestType.init(parsing:)) ?? .pv
        let path = FilePath(
            type == .pvh ? "/usr/lib/grub-xen/grub-i386-xen_pvh.bin" : "/usr/lib/grub-xen/grub-x86_64-xen.bin")
        guard try host.files.entry(at: path) != nil else {
            throw OptionError(
                "--pvgrub: this host has no GRUB for Xen (\(path))", hint: "apt-get install grub-xen-host",
                exit: .unavailable)
        }
        return path
    }

    /// The host's modules for the host's kernel, as xen-tools takes them; a guest's own kernel has its own.
    private func modules(for loader: GuestSpec.Boot.Loader) throws -> FilePath? {
        guard case .hostKernel(let kernel, _) = loader else {
            if let given = values.given("modules"), case .option = given.place {
                throw OptionError("--modules goes with --kernel: the guest's own kernel brings its modules")
            }
            return nil
        }
        if let given = values.given("modules") {
            let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
            guard try host.files.entry(at: path)?.kind == .directory else {
                throw OptionError("\(given.place): there is no directory \(path)", exit: .noInput)
            }
            return path
        }
        guard let name = kernel.lastComponent?.string, let dash = name.firstIndex(of: "-") else { return nil }
        let path = FilePath("/lib/modules").appending(String(name[name.index(after: dash)...]))
        return try host.files.entry(at: path)?.kind == .directory ? path : nil
    }
}
