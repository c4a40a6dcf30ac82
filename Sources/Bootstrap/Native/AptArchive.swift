import GuestModel
import LinuxHost
import SystemPackage

/// The archive as apt sees it, from a directory of its own: apt(8) fetches and verifies the indices, decides which
/// packages belong together, and downloads them. Nothing of the host's own apt takes part.
struct AptArchive: Sendable {
    /// A package's file, as apt knows it.
    struct File: Sendable, Equatable {
        /// What apt calls it in its directory of archives.
        let name: String
        /// Hexadecimal digits of its SHA-256.
        let digest: String
    }

    let request: BootstrapRequest
    let keyring: FilePath?
    let site: InstallationSite
    let host: Host

    private var root: FilePath { site.scratch.appending("apt") }
    private var configuration: FilePath { root.appending("apt.conf") }
    var archives: FilePath { root.appending("var/cache/apt/archives") }
    private var lists: FilePath { root.appending("var/lib/apt/lists") }

    /// Makes the directory.
    func prepare() throws {
        for path in [
            "", "etc", "etc/apt", "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d",
            "etc/apt/trusted.gpg.d", "var", "var/lib", "var/lib/apt", "var/lib/apt/lists", "var/lib/apt/lists/partial",
            "var/lib/dpkg", "var/cache", "var/cache/apt", "var/cache/apt/archives", "var/cache/apt/archives/partial",
        ] {
            _ = try host.files.createDirectory(path.isEmpty ? root : root.appending(path), mode: 0o700)
        }
        let options = keyring.map { "[signed-by=\($0)]" } ?? "[trusted=yes]"
        func make(_ name: String, _ text: String) throws {
            _ = try host.files.createFile(root.appending(name), contents: Array(text.utf8), mode: 0o600)
        }
        try make("var/lib/dpkg/status", "")
        guard !options.dropFirst().dropLast().contains(where: { $0.isWhitespace || $0 == "[" || $0 == "]" }) else {
            throw BootstrapError(
                "apt cannot be told of the keyring \(keyring?.string ?? ""): its path has a space or a bracket",
                hint: "copy it to a path without", cause: .noInput)
        }
        // Copied, not read where it is: a directory of the host may change under our hands.
        try make(
            "etc/apt/sources.list", request.sourcesList(options: options).replacing(" file:", with: " copy:"))
        try make("apt.conf", settings)
    }

    /// In a file, not in arguments: a proxy's or a mirror's address may hold a password.
    private var settings: String {
        let architecture = request.architecture
        var lines = [
            #"APT::Architecture "\#(architecture)";"#, #"APT::Architectures { "\#(architecture)"; };"#,
            #"Dir "\#(root)";"#, #"Dir::State::Status "\#(root)/var/lib/dpkg/status";"#,
            // apt counts itself among the essential packages.
            #"pkgCacheGen::ForceEssential ",";"#, #"APT::Install-Recommends "false";"#,
            #"Acquire::Languages "none";"#, #"Acquire::Retries "1";"#, #"Acquire::http::Timeout "15";"#,
            #"Acquire::https::Timeout "15";"#, #"Acquire::ForceHash "SHA256";"#,
            // Its directory is root's alone.
            #"APT::Sandbox::User "root";"#,
            // A word that is no package is an error, not an expression that hundreds of them match.
            #"APT::Cmd::Pattern-Only "true";"#, #"Dpkg::Use-Pty "0";"#, #"APT::Update::Error-Mode "any";"#,
        ]
        // Of what is locked the digests decide, and a snapshot of the archive is as old as it is.
        if request.isArchived || request.locked != nil { lines.append(#"Acquire::Check-Valid-Until "false";"#) }
        if let proxy = request.proxy {
            lines += [#"Acquire::http::Proxy "\#(proxy)";"#, #"Acquire::https::Proxy "\#(proxy)";"#]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func invocation(_ arguments: [String], in directory: FilePath? = nil) -> Invocation {
        let chdir = directory.map { ["env", "--chdir=\($0)"] } ?? []
        let words = chdir + ["apt-get"] + arguments
        return Confinement(helper: site.helper).wrap(
            Invocation(
                words[0], Array(words.dropFirst()),
                environment: [
                    "LC_ALL": "C.UTF-8", "APT_CONFIG": configuration.string, "DEBIAN_FRONTEND": "noninteractive",
                    "TMPDIR": site.scratch.string,
                ], timeout: request.timeout))
    }

    private func run(_ arguments: [String]) async throws {
        let status = try await host.processes.run(invocation(arguments), appendingOutputTo: site.log)
        guard status.isSuccess else { throw try failure(status, log: site.log) }
    }

    /// - Parameter log: what that program alone has written: two of them may be running.
    private func failure(_ status: ExitStatus, log: FilePath?) throws -> BootstrapError {
        var site = site
        site.log = log
        let tail = try BootstrapLog(site: site, host: host).complaint()
        let mirror = request.sources[0].mirror
        return BootstrapError(
            "apt could not install \(request.suite) from \(MirrorURL.redacted(mirror)): "
                + "\(tail.text ?? status.description)", hint: tail.hint, cause: tail.cause)
    }

    /// Fetches the indices, and has their signatures verified.
    func update() async throws {
        var probe = MirrorProbe(mirror: request.sources[0].mirror, suite: request.suite, proxy: request.proxy)
        probe.settings = configuration
        // The downloader's argument is the address, for all of the host to see.
        guard MirrorURL.redacted(probe.mirror) == probe.mirror else { return try await fetchIndices(probe) }
        // Beside it: apt waits for a silent mirror for a minute, suite by suite.
        var aside = site
        aside.log = nil
        let (site, host, question) = (aside, host, probe)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await fetchIndices(question)
                return true
            }
            group.addTask {
                try await question.ask(at: site, on: host)
                return false
            }
            do {
                // Whoever fails first says why; when the indices are there nobody waits for the other.
                while let isFetched = try await group.next(), !isFetched {}
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    private func fetchIndices(_ probe: MirrorProbe) async throws {
        do {
            try await run(["-q", "-o", "pkgCacheFile::Generate=false", "update"])
        } catch let error as BootstrapError where error.cause == .unavailable {
            let release = "_dists_\(Self.quoted(request.suite))_"
            guard try host.files.names(in: lists).contains(where: { $0.contains(release) }) else {
                // The suite itself, not one of its updates: apt would name a file.
                throw probe.refusal
            }
            throw error
        }
    }

    /// A suite as it is in the names of apt's lists.
    private static func quoted(_ suite: String) -> String { suite.replacing("/", with: "_") }

    /// The indices, component by component: those of the suite itself come first, then those of its updates.
    func indices() throws -> [PackageIndex] {
        let names = try host.files.names(in: lists)
        return try request.sources.map(\.suite).flatMap { suite in
            let all = names.filter { $0.contains("_dists_\(Self.quoted(suite))_") }
            let own = all.filter { $0.hasSuffix("_Packages") }
            // Of an index with nothing in it, updates that there are none of, apt keeps no list.
            let isEmpty = suite != request.suite && all.contains { $0.hasSuffix("Release") }
            guard !own.isEmpty || isEmpty else {
                throw BootstrapError(
                    "the archive has no index of \(suite) for \(request.architecture)",
                    hint: "see whether the mirror has that architecture, and the components "
                        + request.components.joined(separator: ", "), cause: .unavailable)
            }
            return try own.map { name in
                let file = lists.appending(name)
                return PackageIndex(try host.files.contents(of: file, limit: 1 << 30), file: file, suite: suite)
            }
        }
    }

    /// Leaves only these packages in the indices: of 60,000 some hundreds can be of any use, and apt takes a second to read
    /// all of them. What apt chooses does not change: nothing that any of its choices leads to is missing.
    func narrow(_ indices: [PackageIndex], to names: Set<String>) throws {
        for index in indices {
            try host.files.remove(index.file)
            _ = try host.files.createFile(index.file, contents: index.text(of: names), mode: 0o600)
        }
    }

    /// The files of these packages and of all that they need.
    func resolve(_ names: [String]) async throws -> [File] {
        let answer = site.scratch.appending("apt-uris")
        let status = try await host.processes.run(
            invocation(["-qq", "--print-uris", "install", "--"] + names), appendingOutputTo: answer)
        let text = String(decoding: try host.files.contents(of: answer, limit: 64 << 20), as: UTF8.self)
        guard status.isSuccess else {
            // It may name addresses with their passwords.
            let shown = text.split(separator: "\n").map { MirrorURL.redacted(String($0)) }.joined(separator: "\n")
            if let log = site.log { try host.files.append("\n\(shown)\n", to: log) }
            throw try failure(status, log: answer)
        }
        // 'http://mirror/pool/x_1_all.deb' x_1_all.deb 1234 SHA256:...
        return try text.split(separator: "\n").filter { $0.first == "'" }.map { line in
            let words = (line.dropFirst().firstIndex(of: "'").map { line[line.index(after: $0)...] } ?? "")
                .split(separator: " ")
            guard words.count == 3, let name = words.first, !name.contains("/"), words[2].hasPrefix("SHA256:") else {
                throw BootstrapError(
                    "apt names a package without its SHA-256: \(MirrorURL.redacted(String(line)))", cause: .badData)
            }
            return File(name: String(name), digest: String(words[2].dropFirst("SHA256:".count)))
        }
    }

    /// Downloads packages, over several connections: a request takes as long as a mirror is far away, and apt has one at a
    /// time for each.
    ///
    /// Each is in ``archives`` under the name that ``resolve(_:)`` gave it, and whole when it has its size.
    ///
    /// - Parameter packages: those that are waited for, and then the others.
    func download(_ packages: [[NativePackage]]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for share in Self.shares(of: packages) {
                group.addTask { try await download(share: share) }
            }
            while try await group.next() != nil {}
        }
    }

    /// Packages for each connection, such that all are done with each part at about the same time.
    static func shares(of parts: [[NativePackage]]) -> [[NativePackage]] {
        // What a request costs beside its bytes, as if it were bytes.
        let request = Int64(1 << 17)
        var loads = [Int64](repeating: 0, count: connections)
        var shares = [[NativePackage]](repeating: [], count: connections)
        for part in parts {
            for package in part.sorted(by: { ($0.size, $0.number) > ($1.size, $1.number) }) {
                guard let least = loads.indices.min(by: { loads[$0] < loads[$1] }) else { break }
                loads[least] += package.size + request
                shares[least].append(package)
            }
        }
        return shares.filter { !$0.isEmpty }
    }

    /// As many as browsers have to one server, and fewer.
    private static let connections = 4

    private func download(share: [NativePackage]) async throws {
        // By its version: the one that was chosen, whatever is newest. apt downloads into its working directory.
        let command = invocation(
            ["-q", "download", "--"] + share.map { "\($0.name)=\($0.version)" }, in: archives)
        let log = site.scratch.appending("apt-download-\(share[0].name)")
        let status = try await host.processes.run(command, appendingOutputTo: log)
        let text = String(decoding: try host.files.contents(of: log, limit: 64 << 20), as: UTF8.self)
        if let site = site.log { try host.files.append("\n\(text)", to: site) }
        guard status.isSuccess else { throw try failure(status, log: log) }
    }
}
