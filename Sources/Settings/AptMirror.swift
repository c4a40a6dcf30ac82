import GuestModel
import SystemPackage

/// The archive that the host itself uses for a distribution, as its apt sources say.
package struct AptMirror: Hashable, Sendable {
    package let url: MirrorURL
    /// The release that the host takes from there; the archive has the other live ones, too.
    package let release: Release
    /// What the host takes from it, `main` first.
    package let components: [String]
    /// The keys that the host asks of it; nil where it leaves that to apt's own keyrings.
    package let signedBy: AptSource.SignedBy?
    /// Where the host takes security updates from; nil where it takes none.
    package let security: MirrorURL?
    /// Where the host says so.
    package let origin: Origin

    /// The first keyring file that the host asks for.
    package var keyring: FilePath? { signedBy?.keyrings.first }
}
