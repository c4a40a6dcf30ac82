import GuestModel
import XenConfig

/// What the configuration says beside its own keys, from `--xl` and the options that have a key each.
struct SettingsBuilder {
    let values: Values
    let version: XenVersion
    let type: GuestType

    /// What an option becomes.
    private enum Form {
        /// One value as it is.
        case text
        case number
        case flag
        /// A list, an item for each time that the option is given.
        case list
    }

    /// An option, the key that it is to xl, and the types of guests that it makes sense for; nil for all.
    private typealias Row = (option: String, key: String, form: Form, types: [GuestType]?)

    private static let emulated: [GuestType] = [.hvm, .pvhvm]
    private static let rows: [Row] = [
        ("uuid", "uuid", .text, nil), ("maxvcpus", "maxvcpus", .number, nil), ("cpus", "cpus", .text, nil),
        ("pool", "pool", .text, nil), ("cpu-weight", "cpu_weight", .number, nil), ("cap", "cap", .number, nil),
        ("on-poweroff", "on_poweroff", .text, nil), ("on-reboot", "on_reboot", .text, nil),
        ("on-crash", "on_crash", .text, nil), ("serial", "serial", .text, emulated),
        ("usb", "usb", .flag, emulated), ("pci", "pci", .list, nil), ("nested", "nestedhvm", .flag, emulated),
        ("seclabel", "seclabel", .text, nil), ("vtpm", "vtpm", .list, nil), ("p9", "p9", .list, nil),
        ("driver-domain", "driver_domain", .flag, nil),
        ("stubdom", "device_model_stubdomain_override", .flag, emulated), ("pvshim", "pvshim", .flag, [.pvh]),
    ]

    /// The options that this reads, for the list of what files may say.
    static let options: Set<String> = Set(rows.map(\.option) + ["vnc", "xl"])

    func build() throws(OptionError) -> [GuestSpec.Configuration.Setting] {
        var settings: [(setting: GuestConfiguration.Setting, place: Place)] = []
        for row in Self.rows {
            guard let given = values.given(row.option) else { continue }
            if let types = row.types, !types.contains(type) {
                if row.form == .flag, try !given.parsed(Values.parseFlag) { continue }
                // In a file it is a default for the guests that have it.
                guard case .option = given.place else { continue }
                throw OptionError(
                    "\(given.place): a guest of type \(type) has none",
                    hint: "types that have it: \(types.map(\.rawValue).joined(separator: ", "))")
            }
            settings.append((.init(row.key, try value(of: given, row)), given.place))
        }
        if let vnc = values.given("vnc"), try vnc.parsed(Values.parseFlag) {
            // A guest without emulated hardware has a framebuffer of Xen's own.
            let setting: GuestConfiguration.Setting =
                type.hasFirmware ? .init("vnc", .number("1")) : .init("vfb", .list([.string("vnc=1")]))
            settings.append((setting, vnc.place))
        }
        for given in values.list("xl") {
            let setting: GuestConfiguration.Setting
            do {
                setting = try .init(parsing: given.value)
            } catch {
                throw OptionError("\(given.place): \(error.message)", hint: error.hint, exit: given.place.exit)
            }
            if setting.key != "uuid",
                Self.instead[setting.key] != nil || GuestConfiguration.ownKeys.contains(setting.key)
            {
                throw OptionError(
                    "\(given.place): \(setting.key) is made of other options",
                    hint: Self.instead[setting.key] ?? "leave it out", exit: given.place.exit)
            }
            if let other = settings.first(where: { $0.setting.key == setting.key }) {
                throw OptionError(
                    "\(given.place): \(setting.key) is given by \(other.place), too", hint: "give it once",
                    exit: given.place.exit)
            }
            settings.append((setting, given.place))
        }
        let backend = values.list("role").first { given in
            TailoringBuilder.roleNames(in: given.value).contains("network-backend")
        }
        if let backend, !settings.contains(where: { $0.setting.key == "driver_domain" }) {
            settings.append((.init("driver_domain", .number("1")), backend.place))
        }
        for (setting, place) in settings { try check(setting, place) }
        var result: [GuestSpec.Configuration.Setting] = []
        for (setting, place) in settings {
            do {
                result.append(.init(key: setting.key, value: try setting.text))
            } catch {
                throw OptionError("\(place): \(error.message)", exit: place.exit)
            }
        }
        return result
    }

    private static let instead = [
        "bios": "--firmware says it", "firmware": "--firmware says it, and --pvgrub is for pv and pvh",
        "cmdline": "--cmdline adds to it", "extra": "--cmdline adds to it",
        "root": "the guest's root is known by its UUID",
        "bootloader": "--pygrub and --pvgrub say how it boots", "builder": "--type says it", "type": "--type says it",
        "disk": "--disk=... adds one", "vif": "--nic=... adds one, and --vif=... is for the first",
        "memory": "--memory says it", "maxmem": "--maxmem says it", "name": "--hostname says it",
        "vcpus": "--vcpus says it", "kernel": "--kernel says it", "ramdisk": "--initrd says it",
    ]

    private func value(of given: Values.Given, _ row: Row) throws(OptionError) -> XenConfigValue {
        switch row.form {
        case .text: return .string(given.value)
        case .number:
            return .number(
                try given.parsed { text throws(ValueError) in
                    guard let number = Int(text), number >= 0, text.first?.isNumber == true else {
                        throw ValueError("\"\(text)\" is no number")
                    }
                    return String(number)
                })
        case .flag: return .number(try given.parsed(Values.parseFlag) ? "1" : "0")
        case .list:
            let all = values.list(row.option)
            // A key of a file has but one value, so that there may be several in it.
            if case .file = given.place {
                return .list(
                    all.flatMap { $0.value.split(whereSeparator: \.isWhitespace).map { .string(String($0)) } })
            }
            return .list(all.map { .string($0.value) })
        }
    }

    private func check(_ setting: GuestConfiguration.Setting, _ place: Place) throws(OptionError) {
        let words = setting.value.items?.compactMap(\.text) ?? [setting.value.text ?? ""]
        // Others see it in the list of processes, and in a file that everybody may read.
        guard !setting.key.hasSuffix("passwd"), !words.contains(where: { $0.contains("passwd=") }) else {
            throw OptionError(
                "\(place): a password is not taken here, where others on this host can read it",
                hint: "write it into the configuration when it is made, and take it from others: chmod 600",
                exit: place.exit)
        }
        if case .some(let text) = setting.value.text, text.isEmpty {
            throw OptionError("\(place): \(setting.key) is empty", exit: place.exit)
        }
        guard let problem = GuestConfiguration.Setting.problems(of: [setting], for: version).first else { return }
        throw OptionError("\(place): \(problem.message)", hint: problem.hint, exit: place.exit)
    }
}
