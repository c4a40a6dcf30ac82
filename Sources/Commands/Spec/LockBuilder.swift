import FoundationEssentials
import GuestModel
import LinuxHost
import SystemPackage

/// Which packages, exactly: `--lock` and `--locked`.
struct LockBuilder {
    let values: Values
    let host: Host
    /// For paths without a slash in front.
    let base: FilePath

    func build(
        _ install: inout GuestSpec.Install, _ release: Release, _ architecture: Architecture
    ) throws {
        // Elsewhere an empty value counts as none; here it is a script's variable that nobody has set, and a guest of other
        // packages than were meant.
        for entry in values.layers.flatMap(\.entries)
        where ["lock", "locked"].contains(entry.key) && entry.value.isEmpty {
            throw OptionError("\(entry.place): the name of the file is empty", exit: entry.place.exit)
        }
        if let given = values.given("lock") {
            let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
            guard try host.files.entry(at: path) == nil else {
                throw OptionError(
                    "\(given.place): \(path) exists already", hint: "remove it, or choose another name",
                    exit: .cannotCreate)
            }
            guard try host.files.directory(at: path.removingLastComponent()) != nil else {
                throw OptionError(
                    "\(given.place): there is no directory \(path.removingLastComponent())", exit: .noInput)
            }
            guard install.method.installsPackages else {
                throw OptionError(
                    "\(given.place): which packages came from where nothing tells of a tree that is there already",
                    hint: "lock a guest whose packages are installed", exit: given.place.exit)
            }
            install.lockFile = path
        }
        guard let given = values.given("locked") else { return }
        guard install.method == .native else {
            throw OptionError(
                "\(given.place): exactly these packages can be installed by the method native only, not by "
                    + install.method.name, hint: "--install-method=native, on a host that has apt",
                exit: given.place.exit)
        }
        guard install.verification == .required else {
            throw OptionError(
                "\(given.place): the lock is of what was verified", hint: "leave --no-verify out",
                exit: given.place.exit)
        }
        let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
        let lock: PackageLock
        do {
            let bytes = try host.files.contents(of: path, limit: 16 << 20)
            lock = try JSONDecoder().decode(PackageLock.self, from: Data(bytes))
        } catch let error as HostError {
            throw OptionError("\(given.place): \(error.message)", hint: error.hint, exit: .noInput)
        } catch {
            let reason = (error as? ValueError)?.message ?? "it is not what --lock writes"
            throw OptionError("\(given.place): \(path) is no lock: \(reason)", exit: .badData)
        }
        guard lock.codename == release.codename, lock.architecture == architecture.rawValue else {
            throw OptionError(
                "\(given.place): the lock is of \(lock.codename), \(lock.architecture), and the guest of "
                    + "\(release.codename), \(architecture)",
                hint: "--dist=\(lock.codename) --arch=\(lock.architecture)",
                exit: given.place.exit)
        }
        install.locked = lock
    }
}
