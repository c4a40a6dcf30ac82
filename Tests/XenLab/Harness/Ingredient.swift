import Foundation
import LinuxHost
import SystemPackage
import TestSupport

/// What scenarios work with, made outside the emulated host, where it would take many times as long, and kept under a key
/// of everything that shapes it.
struct Ingredient: Sendable {
    enum Kind: Sendable {
        /// A root file system as a tar file, from which guests are made. `Tests/XenLab/Roots/NAME` holds the options of
        /// the `domus create` that makes it, one a line.
        case root
        /// A small signed archive of packages, from which guests are bootstrapped. `Tests/XenLab/Archives/NAME` holds the
        /// packages that it has with all that they need, one a line.
        case archive

        /// Its directory below `Tests/XenLab`.
        var recipes: String { self == .root ? "Roots" : "Archives" }
        /// The program that packs it.
        var packer: String { self == .root ? "pack-root" : "pack-archive" }
        /// Its directory in the cache, and in dom0 below `/lab`.
        var directory: String { self == .root ? "roots" : "archives" }
        var suffix: String { self == .root ? ".tar" : "" }
    }

    let kind: Kind
    let name: String
    let path: FilePath

    private static let udebsVariable = "XEN_LAB_UDEBS"

    /// What is wanted, made if it is not there.
    static func prepared(_ wanted: [(kind: Kind, name: String)], _ lab: Laboratory) async throws -> [Ingredient] {
        var ingredients: [Ingredient] = []
        for (kind, name) in wanted {
            let directory = lab.cache.appending(kind.directory)
            try makeDirectories(directory)
            let recipe = lab.sources.appending(kind.recipes).appending(name)
            guard fileExists(recipe) else {
                throw LabError("a scenario wants \(name), and \(recipe) is not there")
            }
            let key = try key(kind, recipe, lab)
            let path = directory.appending("\(name)-\(key)\(kind.suffix)")
            if !fileExists(path) {
                let mirror = try await lab.mirror(scratch: directory)
                try await lab.reporter.during("\(kind == .root ? "the root file system" : "the archive") \(name)") {
                    try await build(kind, name, recipe, mirror: mirror, path: path, lab)
                }
            }
            ingredients.append(Ingredient(kind: kind, name: name, path: path))
        }
        return ingredients
    }

    /// Not the program: guests are made by that anew.
    private static func key(_ kind: Kind, _ recipe: FilePath, _ lab: Laboratory) throws -> String {
        var digest = Digest()
        digest.add(try readText(recipe))
        digest.add(try readText(lab.sources.appending(kind.packer)))
        digest.add(kind == .archive ? ProcessInfo.processInfo.environment[udebsVariable] ?? "" : "")
        if kind == .root {
            let hooks = lab.program.appending("usr/local/share/domus/hooks")
            for name in try filesBelow(hooks) {
                digest.add(name)
                digest.add(try readText(hooks.appending(name)))
            }
        }
        return digest.text
    }

    private static func build(
        _ kind: Kind, _ name: String, _ recipe: FilePath, mirror: String, path: FilePath, _ lab: Laboratory
    ) async throws {
        let directory = lab.cache.appending(kind.directory)
        let work = directory.appending("\(name).part")
        let packed = work.appending("packed")
        try remove(work)
        try makeDirectories(work)
        let words = try readText(recipe).split(separator: "\n").map(String.init)
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        let log = work.appending("log")
        var packer = ["--mount", "\(lab.sources)/\(kind.packer)"]
        switch kind {
        case .root:
            try await lab.run(
                "\(lab.program)/usr/local/bin/domus",
                ["create", "--hostname=root", "--dir=\(work)", "--output=\(work)"] + words
                    + ["--state-dir=\(work)/state", "--log-dir=\(work)/logs", "--config-dir=\(work)/etc"],
                log: log, timeout: 3600)
            packer += ["\(work)/domains/root/disk.img", "\(packed)"]
        case .archive:
            packer += [XenHost.suite, mirror, "\(packed)"] + words
        }
        // A directory with packages of the installer that the mirror lacks; what was packed without it goes first.
        let udebs = ProcessInfo.processInfo.environment[udebsVariable].map { [udebsVariable: $0] } ?? [:]
        try await lab.run("unshare", packer, log: log, timeout: 1800, environment: udebs)
        // Those of other keys are of no use to this checkout. As long as this: "a-1" is not of "a", if "a-b-1" is of "a-b".
        let length = path.lastComponent?.string.count
        for old in try entries(of: directory) where old.hasPrefix("\(name)-") && old.count == length {
            try remove(directory.appending(old))
        }
        try keep(packed, as: path)
        try remove(work)
    }
}
