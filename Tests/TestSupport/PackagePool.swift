import SystemPackage

/// The built packages that every release shares, made once per test process.
struct PackagePool: Sendable {
    let directory: FilePath
    let architecture: String
    /// Control paragraphs and files, ready for a Packages index.
    let packages: [Built]

    struct Built: Sendable {
        let package: FixturePackage
        let file: FilePath
    }

    static func make(in directory: FilePath, keyring: FilePath) async throws -> PackagePool {
        let architecture = try await run("dpkg", ["--print-architecture"]).orThrow().standardOutput
            .filter { $0 != "\n" }
        let pool = directory.appending("packages")
        try makeDirectories(pool)
        let packages = try await shared(architecture: architecture, keyring: keyring)
        let built = try await build(packages, into: pool)
        return PackagePool(directory: pool, architecture: architecture, packages: built)
    }

    /// Builds packages side by side: two at a time, as many as a small machine has cores.
    static func build(_ packages: [FixturePackage], into pool: FilePath) async throws -> [Built] {
        let staging = pool.removingLastComponent().appending("staging")
        return try await withThrowingTaskGroup(of: Built.self) { group in
            var rest = packages[...]
            func next() {
                guard let package = rest.popFirst() else { return }
                group.addTask { Built(package: package, file: try await package.build(into: pool, staging: staging)) }
            }
            next()
            next()
            var result: [Built] = []
            while let built = try await group.next() {
                result.append(built)
                next()
            }
            return result.sorted { $0.package.name < $1.package.name }
        }
    }

    private static func shared(architecture: String, keyring: FilePath) async throws -> [FixturePackage] {
        var libraries = HostLibraries()
        var packages = try await coreSystem(architecture: architecture, libraries: &libraries)
        packages += try await accountTools(architecture: architecture, libraries: &libraries)
        packages += try await packageTools(architecture: architecture, libraries: &libraries, keyring: keyring)
        packages += try await secureShell(architecture: architecture, libraries: &libraries)
        packages += extras(architecture: architecture)
        packages += corners(architecture: architecture)
        return packages
    }
}
