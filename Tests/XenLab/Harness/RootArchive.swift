import Crypto
import Foundation
import SystemPackage

/// A root file system that scenarios make their guests from, as a tar file: bootstrapping in the emulated host would take
/// minutes for each.
///
/// `Tests/XenLab/Roots/NAME` holds the options of the `domus create` that makes it, one a line.
struct RootArchive: Sendable {
    let name: String
    let file: FilePath

    /// The archives of these names, made if they are not there.
    static func prepared(_ names: [String], _ lab: Laboratory) async throws -> [RootArchive] {
        let directory = lab.cache.appending("roots")
        try makeDirectory(directory)
        var archives: [RootArchive] = []
        for name in names {
            let recipe = lab.sources.appending("Roots").appending(name)
            guard exists(recipe) else {
                throw LabError("there is no root archive \"\(name)\": \(recipe) is not there")
            }
            let archive = RootArchive(name: name, file: directory.appending("\(name)-\(try key(recipe, lab)).tar"))
            if !exists(archive.file) {
                try await lab.reporter.during("the root archive \(name): installs it with domus create") {
                    try await archive.build(recipe, in: directory, lab)
                }
            }
            archives.append(archive)
        }
        return archives
    }

    /// What shapes it: its options, how it is packed, and the hooks. Not the program: guests are made by that anew.
    private static func key(_ recipe: FilePath, _ lab: Laboratory) throws -> String {
        var hash = SHA256()
        hash.update(data: Data(try readText(recipe).utf8))
        hash.update(data: Data(try readText(lab.sources.appending("pack-root")).utf8))
        let hooks = lab.program.appending("usr/local/share/domus/hooks")
        for name in try filesBelow(hooks) {
            hash.update(data: Data((name + "\0" + (try readText(hooks.appending(name)))).utf8))
        }
        return String(hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined().prefix(16))
    }

    private func build(_ recipe: FilePath, in directory: FilePath, _ lab: Laboratory) async throws {
        let work = directory.appending("\(name).part")
        try remove(work)
        try makeDirectory(work)
        let options = try readText(recipe).split(separator: "\n").map(String.init)
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        let log = work.appending("log")
        try await lab.run(
            "\(lab.program)/usr/local/bin/domus",
            ["create", "--hostname=root", "--dir=\(work)", "--output=\(work)"] + options
                + ["--state-dir=\(work)/state", "--log-dir=\(work)/logs", "--config-dir=\(work)/etc"],
            log: log, timeout: 3600)
        try await lab.run(
            "unshare",
            ["--mount", "\(lab.sources)/pack-root", "\(work)/domains/root/disk.img", "\(work)/root.tar"],
            log: log, timeout: 600)
        for old in try entries(of: directory) where old.hasPrefix("\(name)-") { try remove(directory.appending(old)) }
        try rename(work.appending("root.tar"), to: file)
        try remove(work)
    }
}
