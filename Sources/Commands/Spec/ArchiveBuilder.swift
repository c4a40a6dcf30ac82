import Bootstrap
import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// Where the guest's system comes from, and what proves it.
struct ArchiveBuilder {
    let values: Values
    let host: Host
    let knowledge: HostKnowledge
    let base: FilePath

    func build(
        release: Release, architecture: Architecture, installsItself: Bool = false, notes: inout [String],
        warnings: inout [String]
    ) async throws -> GuestSpec.Install {
        let method = installsItself ? .installer : try method(release, notes: &notes)
        let apt = knowledge.sources.mirror(
            for: release, architecture: architecture, known: knowledge.releases, today: knowledge.today)
        // The release as its mirror has it: its updates are where it is.
        var suites = release
        var mirror: String
        if let given = values.strongest(of: ["mirror-\(release.codename)", "mirror"])?.given {
            mirror = try given.parsed { text throws(ValueError) in try MirrorURL(parsing: text).text }
        } else if let set = knowledge.mirrors?.mirror(for: release) {
            mirror = set.value.text
        } else if let apt {
            mirror = apt.url.text
        } else {
            mirror = try await answering(release, architecture)
            if mirror != release.defaultMirror(for: architecture) { suites.isArchived = false }
        }
        while mirror.hasSuffix("/") { mirror.removeLast() }
        if release.isArchived {
            notes.append(
                "\(release.title) is past its end of life"
                    + (release.endOfLife.map { " (\($0))" } ?? "") + ": it comes from "
                    + MirrorURL.redacted(mirror) + ", and gets no security updates any more")
        }
        let verification: GuestSpec.Install.Verification =
            try values.flag("no-verify") == true ? .disabled : .required
        if verification == .disabled {
            warnings.append("--no-verify: nothing proves that what is installed is what the distribution made")
        }
        let needsArchive = method.installsPackages
        let proxy = try values.parsed("apt-proxy") { text throws(ValueError) in
            let full = text.contains("://") ? text : "http://\(text)"
            return try MirrorURL(parsing: full).text
        }
        var install = GuestSpec.Install(
            method: method, mirror: mirror, components: components(release),
            keyrings: try keyrings(release, apt: apt, verification: verification, isNeeded: needsArchive),
            proxy: proxy, verification: verification, security: try security(suites, architecture, apt),
            updatesSuite: suites.updatesSuite)
        try LockBuilder(values: values, host: host, base: base).build(&install, release, architecture)
        return install
    }

    /// The distribution's default. A release moves to the archive some months after its last day: while the archive
    /// does not have it yet, the mirror of the living ones, the host's own before the default, goes on to count.
    private func answering(_ release: Release, _ architecture: Architecture) async throws -> String {
        let usual = release.defaultMirror(for: architecture)
        guard release.isArchived else { return usual }
        var living = release
        living.isArchived = false
        let host = knowledge.sources.mirror(
            for: living, architecture: architecture, known: knowledge.releases, today: knowledge.today)
        let others = [host?.url.text, release.fallbackMirror(for: architecture)].compactMap(\.self)
        let proxy = values.given("apt-proxy")?.value
        for mirror in [usual] + others
        where await MirrorProbe(mirror: mirror, suite: release.codename, proxy: proxy).answers(on: self.host) {
            return mirror
        }
        return usual
    }

    /// The user's choice (`none` for none), else apt's own, else the distribution's.
    private func security(
        _ release: Release, _ architecture: Architecture, _ apt: AptMirror?
    ) throws(OptionError) -> GuestSpec.Install.Security? {
        guard let usual = release.defaultSecurity(for: architecture) else { return nil }
        if values.given("security-mirror")?.value == "none" { return nil }
        let given = try values.parsed("security-mirror") { text throws(ValueError) in try MirrorURL(parsing: text).text
        }
        return GuestSpec.Install.Security(mirror: given ?? apt?.security?.text ?? usual.mirror, suite: usual.suite)
    }

    private func components(_ release: Release) -> [String] {
        if let given = values.given("components") {
            return given.value.split { $0 == "," || $0 == " " }.map(String.init)
        }
        return release.components
    }

    /// Whether the release's packages are such as ``Bootstrap`` unpacks them itself: older ones have no index with SHA-256,
    /// or need tricks that only debootstrap knows.
    private func isNative(_ release: Release) -> Bool {
        guard host.processes.find("apt-get") != nil else { return false }
        let first =
            switch release.distribution {
            case .debian: CalendarDate(year: 2021, month: 8, day: 14)
            case .ubuntu: CalendarDate(year: 2020, month: 4, day: 23)
            }
        return release.released.map { $0 >= first } ?? true
    }

    /// How xen-tools.conf says that a tree is copied, or an archive unpacked, is not done: what another command leaves out,
    /// such as keys and homes, would be in the guest.
    private func refuseOwnCommand(for method: String) throws(OptionError) {
        let key = "\(method)-cmd"
        guard let given = values.given(key) else { return }
        let words = given.value.split(separator: " ").map(String.init)
        let usual = method == "copy" ? ["cp", "-a", "$src/*", "$dest"] : ["tar", "--numeric-owner", "-xvf", "$src"]
        let program = words.first.flatMap { FilePath($0).lastComponent?.string } ?? ""
        guard [program] + words.dropFirst() != usual else { return }
        throw OptionError(
            "\(given.place): \(key) is not used, and may leave out what would be in the guest: \(given.value)",
            hint:
                "prepare the directory or archive of --install-source, or remove the files in a role; then take the line out",
            exit: given.place.exit)
    }

    private func method(_ release: Release, notes: inout [String]) throws -> GuestSpec.Install.Method {
        if let method = values.given("install-method")?.value, ["copy", "tar"].contains(method) {
            try refuseOwnCommand(for: method)
        }
        let source = values.given("install-source")
        func existing(_ kind: FileEntry.Kind, _ what: String) throws -> FilePath {
            guard let source else {
                throw OptionError(
                    "--install-method=\(what == "archive" ? "tar" : "copy") needs the \(what) to install from",
                    hint: "name it with --install-source=PATH")
            }
            let path = base.pushing(FilePath(source.value)).lexicallyNormalized()
            // A link to either is fine; what it leads to counts.
            guard try host.files.entry(at: path) != nil,
                let entry = try host.files.entry(at: host.files.resolved(path)), entry.kind == kind
            else {
                throw OptionError("\(source.place): there is no \(what) \(path)", exit: .noInput)
            }
            return try host.files.resolved(path)
        }
        guard let given = values.given("install-method") else {
            if source != nil {
                throw OptionError("--install-source goes with --install-method=tar or copy")
            }
            return isNative(release) ? .native : .debootstrap
        }
        switch given.value {
        case "native":
            if isNative(release) { return .native }
            let reason = host.processes.find("apt-get") == nil ? "this host has no apt" : "it is too old for that"
            notes.append("\(release.title) is installed by debootstrap: \(reason)")
            return .debootstrap
        case "debootstrap":
            // xen-tools ships its configuration with that line, for packages from the archive in place of a tar or a tree:
            // on hosts that had it nobody has chosen the slow way.
            let shipped = knowledge.configurationDirectory.appending("xen-tools.conf")
            guard case .file(let origin) = given.place, origin.file == shipped, isNative(release) else {
                return .debootstrap
            }
            notes.append(
                "\(origin): debootstrap is not used: Domus installs \(release.codename) itself "
                    + "(--install-method=debootstrap, or that line in a file of --config, uses it)")
            return .native
        case "mmdebstrap": return .mmdebstrap
        case "tar": return .tar(try existing(.file, "archive"))
        case "copy": return .copy(try existing(.directory, "directory"))
        case "cdebootstrap", "rinse", "rpmstrap":
            throw OptionError(
                "\(given.place): \(given.value) is a method of xen-tools that Domus does not have",
                hint: "known are native, debootstrap, mmdebstrap, tar and copy", exit: given.place.exit)
        default:
            throw OptionError(
                "\(given.place): \"\(given.value)\" is not an installation method",
                hint: "known are native, debootstrap, mmdebstrap, tar and copy", exit: given.place.exit)
        }
    }

    /// The keyrings of which one must have signed the archive: the user's, apt's own for that mirror, or the
    /// distribution's.
    private func keyrings(
        _ release: Release, apt: AptMirror?, verification: GuestSpec.Install.Verification, isNeeded: Bool
    ) throws -> [FilePath] {
        guard verification == .required else { return [] }
        if let given = values.strongest(of: ["keyring-\(release.codename)", "keyring"])?.given {
            let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
            guard try host.files.entry(at: path) != nil else {
                throw OptionError("\(given.place): there is no keyring \(path)", exit: .noInput)
            }
            return [path]
        }
        guard isNeeded else { return [] }
        // What apt itself trusts for that very release; an archived one may have been signed by keys since removed.
        if !release.isArchived, let keyring = apt?.keyring, try host.files.entry(at: keyring) != nil {
            return [keyring]
        }
        var found: [FilePath] = []
        for candidate in release.keyrings where try host.files.entry(at: candidate) != nil {
            // The two spellings of a name may be one file.
            let path = try host.files.resolved(candidate)
            if !found.contains(path) { found.append(path) }
        }
        guard found.isEmpty else { return release.isArchived ? found : [found[0]] }
        throw OptionError(
            "the keys that sign \(release.title) are not on this host, so nothing from its archive can be verified",
            hint: "apt-get install \(release.keyringPackage), or give the keyring with --keyring=FILE",
            exit: .unavailable)
    }
}
