import Glibc
import SystemPackage

extension ArchiveWriter {
    /// Damages the finished archive; `.wrongKey` and `.expired` were done while writing it.
    func apply(_ tampering: FixtureArchive.Tampering) throws {
        let suites = [release.suite, release.updatesSuite, release.securitySuite]
            .map { directory.pushing(FilePath("dists/\($0)")) }
        switch tampering {
        case .wrongKey, .expired: break
        case .badSignature:
            for suite in suites {
                for name in ["InRelease", "Release"] {
                    let file = suite.appending(name)
                    let text = try readText(file)
                    try writeFile(file, text.replacing("Description: Fixture", with: "Description: Changed"))
                }
            }
        case .unsigned:
            for suite in suites {
                unlink(suite.appending("InRelease").string)
                unlink(suite.appending("Release.gpg").string)
            }
        case .truncatedIndex:
            for suffix in ["", ".gz", ".xz"] {
                let file = suites[0].pushing(FilePath("main/binary-\(architecture)/Packages\(suffix)"))
                truncate(file.string, off_t(try size(file) / 2))
            }
        case .corruptPackage(let name):
            let folder = directory.pushing(FilePath("pool/main/\(name.prefix(1))/\(name)"))
            guard let file = directoryEntries(folder.string).first.map({ folder.appending($0) }) else {
                throw TestSupportError("cannot corrupt the package \(name): the archive has none of that name")
            }
            var bytes = try readFile(file)
            bytes[bytes.count / 2] ^= 0xff
            // The file is a link to one that other archives share.
            unlink(file.string)
            try writeFile(file, bytes)
        }
    }
}
