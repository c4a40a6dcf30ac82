import GuestModel
import Installer
import LinuxHost
import Provisioning
import Settings
import SystemPackage
import XenConfig

/// Turns what the user said of a guest that installs itself into its plan.
struct InstallationBuilder {
    let options: InstallOptions
    let shared: SharedOptions
    let host: Host
    let console: Console

    /// What holds for each guest that installs itself, whatever files say: it has one disk, which it partitions, and a boot
    /// loader of its own.
    static var certainties: Values.Layer {
        Values.Layer(entries: [
            ("layout", "disk", .builtIn), ("base", "none", .builtIn),
            ("hooks", "0", .builtIn),
        ])
    }

    /// The installer needs more memory than a guest: with less than 737 MiB it leaves parts of itself out (its lowmem).
    static var defaults: Values.Layer { Values.Layer(entries: [("memory", "1G", .builtIn)]) }

    /// The specification of the installed guest.
    func spec(_ wishes: Wishes, _ allocator: AddressAllocator?) async throws -> SpecBuilder.Built {
        let dist = wishes.values.given("dist") ?? .init(value: "stable", place: .builtIn)
        let release = try dist.parsed { text throws(ValueError) in
            try wishes.knowledge.releases.resolve(text, today: wishes.knowledge.today)
        }
        if release.distribution == .ubuntu, release.released.map({ $0 > Self.focal }) ?? true {
            throw OptionError(
                "\(release.title) has no installer that boots from the network: Ubuntu has made none since 20.04",
                hint: "domus create --dist=\(release.codename) installs it without, in seconds", exit: .unavailable)
        }
        if let device = wishes.values.strongest(of: ["image-dev", "lvm-thin", "lvm", "dir"]), device.key == "image-dev"
        {
            throw OptionError(
                "\(device.given.place): a guest that installs itself gets a disk of its own, which it partitions",
                hint: "--dir=DIRECTORY or --lvm=GROUP says where")
        }
        var built = try await wishes.built(on: host, allocator, installsItself: true)
        try await complete(&built, wishes)
        return built
    }

    private static let focal = CalendarDate(year: 2020, month: 4, day: 30)

    private func complete(_ built: inout SpecBuilder.Built, _ wishes: Wishes) async throws {
        let type = built.spec.machine.type
        if let timeout = try wishes.values.parsed("install-timeout", Self.seconds) {
            built.spec.install.timeout = timeout
        } else {
            built.spec.install.timeout = 7200
        }
        if !type.hasFirmware {
            let wanted = try wishes.values.flag("pvgrub") == true
            let isArm = built.spec.architecture.isArm
            guard !wanted || !isArm else {
                throw OptionError(
                    "--pvgrub: GRUB for Xen is for x86, and the guest is of \(built.spec.architecture)",
                    hint: "leave it out: pygrub starts the guest")
            }
            let grub = GRUBForXen.path(for: built.spec.kernelType)
            let isThere = try host.files.entry(at: grub) != nil
            guard isThere || !wanted else {
                throw OptionError(
                    "--pvgrub: this host has no GRUB for Xen (\(grub))", hint: "apt-get install grub-xen-host",
                    exit: .unavailable)
            }
            // GRUB for PVH has the installed kernel unpack itself; pygrub reads the guest's disk in dom0.
            built.spec.boot.loader = wanted || type == .pvh && isThere && !isArm ? .pvgrub(grub) : .pygrub
        }
        guard built.spec.boot.loader != .firmware(.ovmf) else {
            throw OptionError(
                "--firmware=ovmf: xl starts an installer's kernel beside SeaBIOS only, so that it would install a boot loader "
                    + "for a BIOS",
                hint: "leave it out; domus create --type=pvhvm --firmware=ovmf makes a guest that starts by UEFI")
        }
        do throws(InstallerError) {
            _ = try InstallerBoot.commandLine(for: built.spec)
        } catch {
            throw ProvisioningError(error)
        }
        built.warnings += GuestPreseed(built.spec).warnings
        if case .unchanged = built.spec.tailoring.rootPassword, built.spec.tailoring.authorizedKeys.isEmpty,
            options.answers.preseed == nil
        {
            built.warnings.append("nobody will be able to log in: there is no password, and no key (--ssh-key)")
        }
    }

    static func seconds(_ text: String) throws(ValueError) -> Int {
        guard let seconds = Int(text), (60...604_800).contains(seconds) else {
            throw ValueError("\"\(text)\" is not a number of seconds", hint: "60 to 604800")
        }
        return seconds
    }

    // MARK: Answers

    /// The template, the catalogue of questions and the user's own answers; what is wrong with those is told, or refused.
    func answers(_ locations: Locations, _ spec: GuestSpec) async throws -> InstallerAnswers {
        let directory = locations.template.removingLastComponent().appending("installer")
        let own = locations.userConfiguration.appending("installer/preseed.cfg.mustache")
        let template = try host.files.entry(at: own) != nil ? own : directory.appending("preseed.cfg.mustache")
        let file = try await options.answers.file(host, proxy: spec.install.proxy)
        let questions = directory.appending("questions")
        let answers: InstallerAnswers
        do {
            let catalogue = try QuestionCatalogue(parsing: text(questions, 4 << 20), file: questions.string)
            answers = InstallerAnswers(
                template: (try text(template, 1 << 20), template.string), catalogue: catalogue, file: file,
                settings: options.answers.preseedSet)
        } catch {
            throw ProvisioningError(error)
        }
        let problems: [PreseedProblem]
        do throws(PreseedError) {
            problems = try answers.problems(release: spec.release.codename)
        } catch {
            throw ProvisioningError(error)
        }
        try PreseedReport(problems: problems).tell(console)
        do {
            // What is wrong with them is known before anything is made.
            _ = try answers.preseed(for: spec, root: nil) { _ in GuestPreseed.locked }
        } catch {
            throw ProvisioningError(error)
        }
        return answers
    }

    private func text(_ path: FilePath, _ limit: Int) throws -> String {
        String(decoding: try host.files.contents(of: path, limit: limit), as: UTF8.self)
    }

    // MARK: Plan

    func plan(_ spec: GuestSpec, _ wishes: Wishes, _ answers: InstallerAnswers, starts: Bool) throws -> InstallPlan {
        let store = shared.netboot(host)
        let images: InstallPlan.Images
        if let id = options.netboot {
            let others = [
                ("from", options.images.from), ("flavour", options.images.flavour), ("sums", options.images.sums),
            ]
            if let other = others.first(where: { $0.1 != nil }) {
                throw OptionError(
                    "--\(other.0): --netboot says which images there are to be", hint: "leave one of the two out")
            }
            images = .chosen(try chosen(id, from: store, for: spec))
        } else {
            images = .fetched(
                try options.images.fetch(
                    ArchiveChain.Archive(spec.install, of: spec.release), spec.architecture, host))
        }
        // Of a disc, it is by whom the disc is signed.
        let given =
            options.images.sums == nil
            && wishes.values.strongest(of: ["keyring-\(spec.release.codename)", "keyring"]) != nil
        return InstallPlan(
            images: images, store: store, answers: answers, keyring: given ? spec.install.keyrings.first : nil,
            hashing: hashing(spec), starts: starts)
    }

    private func chosen(_ id: String, from store: NetbootStore, for spec: GuestSpec) throws -> NetbootSet {
        let set = try NetbootCommand.chosen([id], from: NetbootCommand.sets(store))[0]
        guard set.codename == spec.release.codename, set.architecture == spec.architecture.rawValue else {
            throw OptionError(
                "--netboot: \(id) is of \(set.codename) for \(set.architecture), and the guest is to have "
                    + "\(spec.release.codename) for \(spec.architecture)",
                hint: "--dist=\(set.codename) --arch=\(set.architecture)")
        }
        return set
    }

    /// As the release's own tools would: what they do not know, nobody could log in with.
    func hashing(_ spec: GuestSpec) -> PasswordHashing.Method {
        if let hash = spec.tailoring.passwordHash { return .init(hash) }
        let first = CalendarDate(year: spec.release.distribution == .debian ? 2021 : 2022, month: 4, day: 1)
        return spec.release.released.map { $0 >= first } ?? true ? .yescrypt : .sha512
    }
}

extension AnswerOptions {
    /// The user's file, fetched where it is an address.
    func file(_ host: Host, proxy: String?) async throws -> Preseed? {
        guard let preseed else { return nil }
        let text: String
        do {
            if preseed.contains("://") {
                text = try await fetched(preseed, host, proxy)
            } else {
                let path = Invoked.workingDirectory.pushing(FilePath(preseed)).lexicallyNormalized()
                guard !preseed.isEmpty else { throw OptionError("--preseed: the name is empty") }
                guard let entry = try host.files.entry(at: path), entry.kind != .directory else {
                    throw OptionError("--preseed: there is no file \(path)", exit: .noInput)
                }
                text = String(decoding: try host.files.contents(of: path, limit: 1 << 20), as: UTF8.self)
            }
            return try Preseed(parsing: text, file: MirrorURL.redacted(preseed))
        } catch let error as OptionError {
            throw error
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Fetched here, not by the installer: what it says is to be checked, and its passwords hashed.
    private func fetched(_ address: String, _ host: Host, _ proxy: String?) async throws -> String {
        guard let text = try await Downloads(host: host, proxy: proxy).text(address) else {
            throw InstallerError("there is no preseed file \(MirrorURL.redacted(address))", cause: .noInput)
        }
        return text
    }
}

/// What is wrong with a preseed file, or doubtful.
struct PreseedReport {
    let problems: [PreseedProblem]

    var errors: [PreseedProblem] { problems.filter { $0.severity == .error } }

    /// Warns, and refuses what the installer would stumble over.
    ///
    /// - Throws: ``OptionError``.
    func tell(_ console: Console) throws(OptionError) {
        for problem in problems where problem.severity == .warning {
            console.warn(problem.description + (problem.hint.map { "  (\($0))" } ?? ""))
        }
        let errors = errors
        guard let first = errors.first else { return }
        let more = errors.count > 1 ? "\n" + errors.dropFirst().map(\.description).joined(separator: "\n") : ""
        throw OptionError(first.description + more, hint: first.hint, exit: .configuration)
    }
}
