import Archives

/// What is unpacked and configured when: the order of dpkg, as far as scripts can see it.
extension Unpacking {
    /// What invoke-rc.d(8) asks whether a service may be started.
    static let policy = "usr/sbin/policy-rc.d"
    static let nothingStarts = Array("#!/bin/sh\nexit 101\n".utf8)

    /// Whatever of the tree is not there yet is not needed for these.
    func configureEssential() async throws {
        tree.settle()
        try tree.makeDirectories("usr/sbin")
        try tree.write(Self.nothingStarts, to: Self.policy, permissions: 0o755)
        try await register(essential)
        // Everything else may want to give files to an account, and this one makes them.
        let order = packages.ordered(essential)
        for number in order.filter(isAccounts) + order.filter({ !isAccounts($0) }) { try await runPreinst(number) }
        try await stopwatch.lap("pre-installation scripts run")
        try await scripts.configure(order.map { packages.packages[$0].infoName })
        try await stopwatch.lap("essential packages configured")
    }

    private func isAccounts(_ number: Int) -> Bool { packages.packages[number].name == "base-passwd" }

    private func runPreinst(_ number: Int) async throws {
        guard let contents = await ledger.contents[number], contents.hasFile("preinst") else { return }
        let dpkg = packages.packages.first { $0.name == "dpkg" }?.version ?? ""
        try database.stage(contents)
        // The version is without the revision, as dpkg itself has it.
        try await scripts.runPreinst(
            PackageDatabase.stagedPreinst, of: packages.packages[number], dpkg: String(dpkg.prefix { $0 != "-" }))
        try database.clearStage()
    }

    /// Writes packages into dpkg's database.
    private func register(_ numbers: Set<Int>) async throws {
        var entries: [PackageDatabase.Unpacked] = []
        for number in numbers.sorted() {
            guard let contents = await ledger.contents[number], let done = await ledger.unpacked[number] else {
                continue
            }
            entries.append(
                .init(
                    package: packages.packages[number], contents: contents, files: done.files, digests: done.digests))
        }
        try database.add(entries)
    }

    /// Puts packages in their place, those that had to wait for their script in rounds: each round has those whose
    /// pre-dependencies are there.
    ///
    /// - Parameter configured: those which are; in circles of dependencies more become so.
    func unpack(_ numbers: Set<Int>, configured: inout Set<Int>) async throws {
        let contents = await ledger.contents
        var waiting = numbers
        // Those without a script to run before need not wait for anything any more.
        let free = waiting.filter { stages.of($0) == nil }
        if !free.isEmpty {
            try take(stages.common, files: await names(of: free), overrides: database.overrides())
            try await finish(round: free.sorted(), configured: configured)
        }
        waiting.subtract(free)
        while !waiting.isEmpty {
            // A package that has nothing to do at configuration is as good as configured when it is unpacked.
            func isThere(_ number: Int) -> Bool {
                configured.contains(number)
                    || (!waiting.contains(number) && contents[number]?.hasFile("postinst") == false
                        && contents[number]?.conffiles.isEmpty == true)
            }
            var round = waiting.filter { packages.predependencies(of: $0).allSatisfy(isThere) }
            if round.isEmpty {
                let needed = waiting.map { packages.predependencies(of: $0) }
                    .filter { $0.isDisjoint(with: waiting) }
                    .reduce(into: Set<Int>()) { $0.formUnion($1) }.subtracting(configured)
                if needed.isEmpty {
                    // A circle of pre-dependencies; apt would not have chosen it.
                    round = waiting
                } else {
                    try await scripts.configure(packages.ordered(needed).map { packages.packages[$0].infoName })
                    configured.formUnion(needed)
                    continue
                }
            }
            try await unpack(round: packages.ordered(round), configured: configured)
            waiting.subtract(round)
        }
        // What another package has taken since.
        let placed = await ledger.unpacked.filter { numbers.contains($0.key) || configured.contains($0.key) }
        try database.rewriteLists(placed.map { (packages.packages[$0.key], $0.value.files) })
    }

    private func unpack(round: [Int], configured: Set<Int>) async throws {
        // Before the scripts, as dpkg, which reads them once.
        let overrides = try database.overrides()
        for number in round { try await runPreinst(number) }
        for diversion in try diversions() { try tree.note(diversion) }
        for number in round {
            guard let stage = stages.of(number) else { continue }
            try take(stage, files: await names(of: [number]), overrides: overrides)
        }
        try await finish(round: round, configured: configured)
    }

    /// Writes into dpkg's database what has been unpacked.
    private func finish(round: [Int], configured: Set<Int>) async throws {
        try await register(Set(round))
        let unpacked = await ledger.unpacked
        let contents = await ledger.contents
        try database.activate(
            by: round.compactMap { unpacked[$0]?.files.names }, listeners: configured.compactMap { contents[$0] })
    }

    private func names(of numbers: Set<Int>) async -> Set<[UInt8]> {
        let unpacked = await ledger.unpacked
        return numbers.reduce(into: Set()) { $0.formUnion(unpacked[$1]?.files.names ?? []) }
    }

    /// Puts what waits into the tree, as if it were unpacked now.
    ///
    /// - Parameters:
    ///   - names: what it has, each with a slash in front.
    ///   - overrides: owners and modes, by names without it.
    private func take(
        _ stage: PackageTree, files names: Set<[UInt8]>, overrides: [[UInt8]: UnpackRules.Override]
    ) throws {
        do {
            try skeleton.clear(stage)
            try tree.merge(stage, diversions: diversions(), precedence: precedence)
        } catch let conflict as PackageConflict {
            throw error(of: conflict)
        }
        for (name, override) in overrides where names.contains([UInt8(ascii: "/")] + name) {
            try tree.apply(override, to: name)
        }
    }

    private func diversions() throws -> [PackageDiversion] {
        try database.diversions().map { diversion in
            PackageDiversion(
                from: diversion.from, to: diversion.to,
                keeper: packages.packages.first { $0.name == diversion.owner }?.number)
        }
    }
}
