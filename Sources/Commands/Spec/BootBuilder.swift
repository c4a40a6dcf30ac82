import GuestModel
import LinuxHost
import Provisioning
import Storage
import SystemPackage

/// How the guest's kernel is found, from the options of xen-tools, `--pvgrub` and `--firmware`.
struct BootBuilder {
    let values: Values
    let host: Host
    let base: FilePath
    let type: GuestType
    let storage: GuestSpec.Storage
    /// Whether a PVH guest is a shim with a PV kernel in it.
    let hasShim: Bool
    /// Whether the guest writes its boot loader itself.
    let installsItself: Bool

    func build(release: Release, _ architecture: Architecture, notes: inout [String]) throws -> GuestSpec.Boot {
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
        let loader = try type.hasFirmware ? .firmware(firmware()) : loader(release, notes: &notes)
        if !type.hasFirmware, let given = values.given("firmware"), case .option = given.place {
            throw OptionError(
                "--firmware: a guest of type \(type) has none", hint: "--type=pvhvm has; --esp prepares a disk for UEFI"
            )
        }
        return GuestSpec.Boot(
            loader: loader, serialDevice: serial ?? "hvc0", modules: try modules(for: loader),
            drivers: drivers ?? .virtual,
            diskLoaders: storage.layout == .disk && !installsItself
                ? try diskLoaders(loader, architecture, notes: &notes) : [],
            kernelOptions: try kernelOptions())
    }

    /// They stand in xl's configuration, in a file that a shell reads, and in GRUB's.
    private func kernelOptions() throws(OptionError) -> String {
        try values.parsed("cmdline") { text throws(ValueError) in
            let words = text.split(separator: " ").joined(separator: " ")
            let forbidden = "\"'`$\\;&|<>(){}#"
            guard words.unicodeScalars.allSatisfy({ (33...126).contains($0.value) || $0 == " " }),
                !words.contains(where: forbidden.contains)
            else {
                throw ValueError(
                    "\"\(text)\" holds what GRUB or a shell would take for its own",
                    hint: "letters, digits and _ - . , : = / + @ % are well")
            }
            guard words.utf8.count <= 1024 else { throw ValueError("more than 1024 bytes are too much") }
            return words
        } ?? ""
    }

    private func firmware() throws -> GuestSpec.Boot.Firmware {
        for key in ["kernel", "initrd", "modules", "pygrub", "pvgrub"] where isOption(key) {
            if key == "pygrub", try values.flag("pygrub") != true { continue }
            throw OptionError(
                "--\(key): a guest of type \(type) starts from its own disk, with a loader of its own",
                hint: "leave it out, or use --type=pvh")
        }
        return try values.parsed("firmware") { text throws(ValueError) in
            guard let firmware = GuestSpec.Boot.Firmware(rawValue: text) else {
                throw ValueError("\"\(text)\" is no firmware", hint: "write bios or ovmf")
            }
            return firmware
        } ?? .bios
    }

    /// GRUB for each firmware that the disk could meet. What the guest itself needs must be there; what would let it become
    /// another type of guest one day need not.
    private func diskLoaders(
        _ loader: GuestSpec.Boot.Loader, _ architecture: Architecture, notes: inout [String]
    ) throws -> Set<GuestSpec.Boot.Firmware> {
        guard architecture == .amd64 || architecture == .i386 else { return [] }
        var loaders: Set<GuestSpec.Boot.Firmware> = []
        for firmware in GuestSpec.Boot.Firmware.allCases where firmware == .bios || storage.hasEFISystem {
            let grub = BootLoader(firmware)
            var missing = grub.requirements.filter { host.processes.find($0.program) == nil }.map(\.package)
            if try host.files.entry(at: grub.directory.appending("kernel.img")) == nil { missing.append(grub.package) }
            var packages: [String] = []
            for package in missing where !packages.contains(package) { packages.append(package) }
            guard !packages.isEmpty else {
                loaders.insert(firmware)
                continue
            }
            let isNeeded = firmware == .ovmf || loader == .firmware(firmware)
            guard !isNeeded else {
                throw OptionError(
                    "this host has no GRUB to put on a disk for \(firmware == .bios ? "a BIOS" : "UEFI")",
                    hint: "apt-get install \(packages.joined(separator: " "))", exit: .unavailable)
            }
            notes.append(
                "the disk will not boot under a BIOS, as HVM guests do: this host has no GRUB for it  "
                    + "(apt-get install \(packages.joined(separator: " ")))")
        }
        return loaders
    }

    private func loader(_ release: Release, notes: inout [String]) throws -> GuestSpec.Boot.Loader {
        // A kernel of the host's, as files may name it, is not for a guest that brings its own with all the rest.
        if installsItself { return .pygrub }
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

    private func pvgrubFile() throws -> FilePath {
        // A shim has a PV kernel in it.
        let path = GRUBForXen.path(for: hasShim ? .pv : type)
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
            guard try host.files.directory(at: path) != nil else {
                throw OptionError("\(given.place): there is no directory \(path)", exit: .noInput)
            }
            return path
        }
        guard let name = kernel.lastComponent?.string, let dash = name.firstIndex(of: "-") else { return nil }
        let path = FilePath("/lib/modules").appending(String(name[name.index(after: dash)...]))
        return try host.files.directory(at: path) != nil ? path : nil
    }
}
