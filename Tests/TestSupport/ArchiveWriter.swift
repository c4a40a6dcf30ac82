import Foundation
import Glibc
import SystemPackage

/// Writes `dists` and `pool` of one archive.
struct ArchiveWriter {
    let release: FixtureRelease
    let architecture: String
    let directory: FilePath
    let key: SigningKey

    func write(_ packages: [PackagePool.Built]) async throws {
        let index = try await link(packages)
        try await writeSuite(release.suite, codename: release.suite, index: index)
        try await writeSuite(release.updatesSuite, codename: release.updatesSuite, index: "")
        // Before bullseye the suite of security updates was a directory, and its codename the main suite's.
        let codename = release.securitySuite.hasSuffix("/updates") ? release.suite : release.securitySuite
        try await writeSuite(release.securitySuite, codename: codename, index: "")
    }

    /// Puts the packages into `pool` as hard links and returns their Packages index.
    private func link(_ packages: [PackagePool.Built]) async throws -> String {
        let files = packages.map(\.file.string)
        let md5 = try await checksums("md5sum", files)
        let sha256 = try await checksums("sha256sum", files)
        var index = ""
        for (package, file) in packages.map({ ($0.package, $0.file) }) {
            let path = "pool/main/\(package.name.prefix(1))/\(package.name)/\(package.fileName)"
            let target = directory.pushing(FilePath(path))
            try makeDirectories(target.removingLastComponent())
            guard Glibc.link(file.string, target.string) == 0 else {
                throw TestSupportError("cannot link \(file) to \(target): \(Errno(rawValue: errno))")
            }
            index += package.control
            index += "Filename: \(path)\nSize: \(try size(file))\n"
            index += "MD5sum: \(md5[file.string] ?? "")\nSHA256: \(sha256[file.string] ?? "")\n\n"
        }
        return index
    }

    private func writeSuite(_ suite: String, codename: String, index: String) async throws {
        let top = directory.pushing(FilePath("dists/\(suite)"))
        let binary = "main/binary-\(architecture)"
        let plain = top.pushing(FilePath("\(binary)/Packages"))
        try writeFile(plain, index)
        try await run("gzip", ["--keep", "--no-name", plain.string]).orThrow()
        try await run("xz", ["--keep", "-1", plain.string]).orThrow()

        let names = ["", ".gz", ".xz"].map { "\(binary)/Packages\($0)" }
        let files = names.map { top.pushing(FilePath($0)) }
        let isUbuntu = release.distribution == .ubuntu
        var text = """
            Origin: \(isUbuntu ? "Ubuntu" : "Debian")
            Label: \(isUbuntu ? "Ubuntu" : suite == release.securitySuite ? "Debian-Security" : "Debian")
            Suite: \(codename)
            Codename: \(codename)
            Date: \(Self.format(release.date))

            """
        if let end = release.validUntil { text += "Valid-Until: \(Self.format(end))\n" }
        text += "Architectures: \(architecture)\nComponents: main\nDescription: Fixture \(suite)\n"
        for (field, program) in [("MD5Sum", "md5sum"), ("SHA256", "sha256sum")] {
            let sums = try await checksums(program, files.map(\.string))
            text += "\(field):\n"
            for (name, file) in zip(names, files) {
                text += " \(sums[file.string] ?? "") \(try size(file)) \(name)\n"
            }
        }
        let file = top.appending("Release")
        try writeFile(file, text)
        try await key.sign(file)
    }

    /// `Sat, 10 Feb 2024 11:07:25 UTC`, as archives write it.
    private static func format(_ date: Date) -> String {
        var seconds = time_t(date.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        // The C locale's names: the test process has not called setlocale.
        let length = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S UTC", &parts)
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// By path.
    private func checksums(_ program: String, _ files: [String]) async throws -> [String: String] {
        let output = try await run(program, files).orThrow().standardOutput
        var sums: [String: String] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { sums[String(words[1].drop { $0 == " " || $0 == "*" })] = String(words[0]) }
        }
        return sums
    }

    func size(_ file: FilePath) throws -> Int {
        var status = stat()
        guard stat(file.string, &status) == 0 else {
            throw TestSupportError("cannot stat \(file): \(Errno(rawValue: errno))")
        }
        return Int(status.st_size)
    }
}
