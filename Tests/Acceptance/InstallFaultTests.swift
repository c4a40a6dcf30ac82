import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

/// `domus install`, ended by force or failing at each effect that it notes: a guest is as it was, or as it was to be.
///
/// Guests on volumes are broken off so in Tests/XenLab (`kills`).
@Suite(
    "domus install, broken off", Requirement.root,
    Requirement.program("clang", "gpg", "gpgv", "mke2fs", "perl", "sfdisk"), NetbootPackage.isThere)
struct InstallFaultTests {
    /// How a transaction ends, of Tests/XenLab/Tools/kill-at.c.
    enum Fault: String, CaseIterable {
        case before, after, fail
    }

    /// A library that ends the program at a transaction.
    private func library(in workspace: Workspace) async throws -> FilePath {
        let source = FilePath(#filePath).removingLastComponent().removingLastComponent().pushing(
            "XenLab/Tools/kill-at.c")
        let library = workspace.path.appending("kill-at.so")
        try await TestSupport.run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library.string, source.string]
        ).orThrow()
        return library
    }

    /// Runs it so; false when it has come to its end before that transaction.
    private func isBroken(
        _ command: Command, at transaction: Int, _ fault: Fault, _ library: FilePath
    ) async throws -> Bool {
        var command = command
        command.environment["LD_PRELOAD"] = library.string
        command.environment["KILL_AT"] = "\(transaction)"
        command.environment["KILL_HOW"] = fault.rawValue
        let outcome = try await command.run()
        switch fault {
        // A failure behind the goal is told, and no more.
        case .fail: return outcome.status != 0 || outcome.standardError.contains("domus recover tries again")
        case .before, .after:
            #expect(outcome.succeeded || outcome.ending == .signalled(9), "\(outcome)")
            return !outcome.succeeded
        }
    }

    @Test("a guest is prepared as a whole, or nothing is left of it", arguments: Fault.allCases)
    func prepared(fault: Fault) async throws {
        try await InstallTests.withCase { one in
            let workspace = one.workspace
            let library = try await library(in: workspace)
            // What the state, the directories and the log are made of is there already.
            try await workspace.run(one.arguments()).orThrow()
            try await workspace.run(["delete", "web1"]).orThrow()
            let before = workspace.capture()
            var (taken, whole, transaction) = (0, 0, 1)
            while try await isBroken(workspace.domus(one.arguments()), at: transaction, fault, library) {
                try await workspace.run(["recover"]).orThrow()
                let left = try await workspace.settledDifference(from: before)
                if left.isEmpty {
                    taken += 1
                    #expect(whole == 0, "taken back behind its goal, at transaction \(transaction)")
                } else {
                    whole += 1
                    #expect(
                        try directoryNames(one.directory) == [
                            "disk.img", "install-initrd.gz", "install-vmlinuz", "install.cfg",
                        ], "at transaction \(transaction): \(left)")
                    try await workspace.run(["check", one.installConfiguration.string]).orThrow()
                    try await workspace.run(["delete", "web1"]).orThrow()
                    #expect(workspace.capture().difference(from: before) == [])
                }
                transaction += 1
            }
            #expect(taken > 4, "\(taken) of \(transaction)")
            #expect(fault == .fail || whole > 0)
        }
    }

    @Test("an installed guest is finished, now or later", arguments: Fault.allCases)
    func finished(fault: Fault) async throws {
        try await InstallTests.withCase { one in
            let workspace = one.workspace
            let library = try await library(in: workspace)
            var (later, already, transaction) = (0, 0, 1)
            var isOver = false
            try await workspace.run(one.arguments()).orThrow()
            let installed = try await InstallTests.disk(.whole, for: one)
            while !isOver {
                try await run("cp", [installed.string, one.directory.appending("disk.img").string]).orThrow()
                let xen = try FakeXen(workspace)
                let resumes = ["install", "--resume", "--hostname=web1"]
                isOver = try await !isBroken(xen.on(workspace.domus(resumes)), at: transaction, fault, library)
                try await workspace.run(["recover"]).orThrow()
                if fileExists(one.installConfiguration) {
                    later += 1
                    #expect(already == 0, "not finished any more, at transaction \(transaction)")
                    try await xen.run(resumes).orThrow()
                } else if !isOver {
                    already += 1
                }
                #expect(try directoryNames(one.directory) == ["disk.img"], "at transaction \(transaction)")
                let again = try await workspace.run(resumes)
                #expect(again.status == 64 && again.standardError.contains("web1 is installed"), "\(again)")
                if let domain = xen.domain("web1") {
                    #expect(domain == "7")
                    try await Command("\(workspace.path)/bin/xl", ["destroy", domain]).run().orThrow()
                }
                try await workspace.run(["delete", "web1"]).orThrow()
                try await workspace.run(one.arguments()).orThrow()
                transaction += 1
            }
            #expect(later > 0 && transaction > 2, "\(later) of \(transaction)")
            #expect(fault == .fail || already > 0)
        }
    }
}
