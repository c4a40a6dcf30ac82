import GuestModel
import SystemPackage
import TestSupport
import Testing
import XenConfig

/// What libxlu itself, the parser of xl, makes of a text.
struct Oracle {
    private let program: FilePath
    private let directory: TemporaryDirectory

    static var isHere: ConditionTrait {
        .enabled(if: fileExists("/usr/include/libxlutil.h"), "compares with libxlu: needs libxen-dev")
    }

    init() async throws {
        directory = try TemporaryDirectory("libxlu")
        program = directory("libxlu")
        let source = FilePath(#filePath).removingLastComponent().pushing("../Oracles/libxlu.c")
        try await run(
            "clang", ["-Wall", "-Werror", "-O1", "-o", program.string, source.string, "-lxlutil", "-lxenlight"]
        ).orThrow()
    }

    /// The release that it is of.
    func version() async throws -> XenVersion {
        let outcome = try await run("dpkg-query", ["-W", "-f", "${Version}", "libxen-dev"]).orThrow()
        return try #require(XenVersion(outcome.standardOutput))
    }

    /// - Parameter kind: What the texts are: see libxlu.c.
    func answers(to texts: [[UInt8]], kind: Character) async throws -> [Reading] {
        let requests = directory("requests")
        try writeFile(requests, texts.flatMap { Array("\(kind)\($0.count)\n".utf8) + $0 })
        let outcome = try await run("sh", ["-c", "exec \"$1\" <\"$2\"", "sh", program.string, requests.string])
            .orThrow()
        return outcome.standardOutput.split(separator: "\n").map(Reading.init(answer:))
    }
}
