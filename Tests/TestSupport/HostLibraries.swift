import SystemPackage

/// Copies programs of this machine into packages, with the shared libraries that they load. A library goes into the first
/// package that needs it; later packages depend on that one.
struct HostLibraries {
    private var owners: [String: String] = [:]

    /// Adds `programs` (path in the package: path here) and their libraries to the package. What is not here is
    /// refused by name.
    mutating func add(_ programs: [(path: String, source: String)], to package: inout FixturePackage) async throws {
        var sources: [String] = []
        for (path, source) in programs {
            // Libraries and PAM modules are not executable, so a path is only looked for.
            let here = fileExists(FilePath(source)) ? FilePath(source) : nil
            guard let found = source.hasPrefix("/") ? here : findProgram(source) else {
                throw TestSupportError(
                    "cannot build the fixture package \(package.name): \(source) is not here",
                    hint: FixtureArchive.installHint
                )
            }
            package.entries.append(.copy(path, of: found))
            owners["/\(path)"] = package.name
            sources.append(found.string)
        }
        for library in try await libraries(of: sources) {
            if let owner = owners[library] {
                if owner != package.name { package.depends(on: owner) }
            } else {
                owners[library] = package.name
                package.entries.append(.copy(String(library.dropFirst()), of: FilePath(library)))
            }
        }
    }

    /// The libraries of programs, as the dynamic loader finds them here; static programs have none.
    private func libraries(of programs: [String]) async throws -> [String] {
        // ldd fails when one of them is static, which is not an error here.
        let lines = try await run("ldd", programs).standardOutput.split(separator: "\n")
        var result: [String] = []
        for line in lines where line.hasPrefix("\t") {
            // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)" or "/lib64/ld-linux-x86-64.so.2 (0x...)"
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let path = words.first(where: { $0.hasPrefix("/") }) else { continue }
            if !result.contains(String(path)) { result.append(String(path)) }
        }
        return result
    }
}
