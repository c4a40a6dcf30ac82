import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

/// Debian's package of the installer's images, as apt has it: the one place from which a build machine gets a real kernel
/// and initial RAM disk of the installer.
package struct NetbootPackage: Sendable {
    package static let name = "debian-installer-12-netboot-amd64"

    package let file: FilePath
    package let version: String
    /// The text installer's two files.
    package let kernel: FilePath
    package let initrd: FilePath
    /// As the kernel says itself.
    package let kernelRelease: String

    /// Fetched once in a test process.
    ///
    /// - Throws: `TestSupportError` where apt does not have it.
    package static func fetched() async throws -> NetbootPackage { try await once.value }

    /// apt has it, and its mirror gives it: tried once, for real.
    package static var isThere: ConditionTrait {
        .enabled("needs the package \(name) from apt's mirror") { (try? await once.value) != nil }
    }

    private static let once = Task {
        let temporary = try TemporaryDirectory("netboot")
        kept.withLock { $0 = temporary }
        atexit { kept.withLock { if let directory = $0 { removeTree(directory.path) } } }
        let directory = temporary.path
        try await Command("apt-get", ["-q", "download", name], directory: directory).run(timeout: .seconds(300))
            .orThrow()
        guard let deb = try directoryNames(directory).first(where: { $0.hasSuffix(".deb") }) else {
            throw TestSupportError("apt-get download left no package")
        }
        let file = directory.appending(deb)
        let tree = directory.appending("tree")
        try await run("dpkg-deb", ["-x", file.string, tree.string], timeout: .seconds(120)).orThrow()
        let images = tree.pushing("usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64")
        let version = try await run("dpkg-deb", ["-f", file.string, "Version"]).orThrow().standardOutput
        let kernel = images.appending("linux")
        return NetbootPackage(
            file: file, version: version.trimmingCharacters(in: .whitespacesAndNewlines), kernel: kernel,
            initrd: images.appending("initrd.gz"), kernelRelease: try release(of: kernel))
    }

    /// Of a bzImage: the text that its header points to (Documentation/arch/x86/boot.rst, kernel_version).
    private static func release(of kernel: FilePath) throws -> String {
        let bytes = try readFile(kernel)
        let start = Int(bytes[0x20E]) | Int(bytes[0x20F]) << 8
        return String(decoding: bytes.dropFirst(start + 0x200).prefix { $0 != 0x20 && $0 != 0 }, as: UTF8.self)
    }
}

private let kept = Mutex<TemporaryDirectory?>(nil)
