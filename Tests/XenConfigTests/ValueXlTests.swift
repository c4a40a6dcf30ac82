import GuestModel
import SystemPackage
import TestSupport
import Testing
import XenConfig

/// xl itself, in a trial run on a machine without Xen (Tests/Oracles/libxl-without-xen.c).
@Suite("Reading values as xl reads", .enabled(if: LibvirtHost.xl != nil, "compares with xl: needs xen-utils"))
struct ValueXlTests {
    @Test("xl takes each example in which nothing is found for its release, and no other", Oracle.isHere)
    func examples() async throws {
        let directory = try TemporaryDirectory("xl")
        let version = try await Oracle().version()
        let source = FilePath(#filePath).removingLastComponent().pushing("../Oracles/libxl-without-xen.c")
        let library = directory("libxl.so").string
        try await run(
            "clang",
            ["-Wall", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source.string, "-lxenlight", "-ldl"]
        ).orThrow()
        let xl = try #require(LibvirtHost.xl)
        let pages = ValueExampleTests()
        var examples = (ValueExampleTests.forAll + ValueExampleTests.forHVM).map { ($0, "hvm") }
        examples += (ValueExampleTests.forAll + ValueExampleTests.forPV).map { ($0, "pv") }
        for (lines, type) in examples {
            let found = try pages.problems(lines, type, version)
            // Of a key that it does not know xl says nothing.
            guard !found.contains(where: { $0.contains("is no key of xl") }) else { continue }
            try writeFile(directory("g.cfg"), Array(pages.text(lines, type, version).utf8))
            let script = "LD_PRELOAD=\"$1\" exec \"$2\" -N create \"$3\""
            let outcome = try await run(
                "sh", ["-c", script, "sh", library, xl.string, directory("g.cfg").string])
            // What it says of itself, and not of the text.
            let said = outcome.standardError.split(separator: "\n").filter {
                !$0.contains("xl.conf") && !$0.hasPrefix("Parsing config") && !$0.hasPrefix("got a tsc mode string")
            }
            #expect((outcome.succeeded && said.isEmpty) == found.isEmpty, "\(type) \(lines): \(said) \(found)")
        }
    }
}
