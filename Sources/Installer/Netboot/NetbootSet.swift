import GuestModel
import XenConfig

/// A kernel and an initial RAM disk of the installer in the store, and what proves them.
package struct NetbootSet: Codable, Sendable, Hashable {
    /// `bookworm-amd64-xen-8f26d5d5969d`: the last part is of the initial RAM disk's digest, so that equal images are one.
    package var id: String
    package var distribution: String
    package var codename: String
    package var architecture: String
    package var flavour: NetbootFlavour
    /// SHA-256, hexadecimal, of each: their names in the store.
    package var kernel: String
    package var initrd: String
    /// Bytes.
    package var kernelSize: Int64
    package var initrdSize: Int64
    /// `6.1.0-50-amd64`, as the kernel says itself, or its modules in the initial RAM disk; the others come from packages of
    /// that name.
    package var kernelRelease: String?
    /// What the kernel knows of Xen; nil where its file does not say, as on Arm.
    package var xen: XenNotes?
    /// Whether the archive had the installer's modules for this kernel when it was fetched; nil where nobody looked.
    package var hasModulesInArchive: Bool?
    package var source: Source
    /// The fingerprint of the key that signed what proves it; nil where nothing does.
    package var signer: String?
    /// The day of the archive's release file, in seconds since 1970.
    package var released: Int64?
    /// Seconds since 1970.
    package var fetched: Int64

    /// Where it came from.
    package enum Source: Codable, Sendable, Hashable {
        /// Without a password.
        case mirror(String)
        /// A package of the archive's.
        case package(name: String, version: String)
        /// An installer's disc image: the installer then looks for a CD, too, unless it is `mini.iso`.
        case disc(path: String, title: String)

        /// For people.
        package var text: String {
            switch self {
            case .mirror(let address): address
            case .package(let name, let version): "\(name) \(version)"
            case .disc(let path, let title): "\(path) (\(title))"
            }
        }
    }

    package init(
        distribution: String, codename: String, architecture: String, flavour: NetbootFlavour, kernel: String,
        initrd: String, kernelSize: Int64, initrdSize: Int64, kernelRelease: String?, xen: XenNotes?,
        hasModulesInArchive: Bool? = nil,
        source: Source, signer: String?, released: Int64?, fetched: Int64
    ) {
        id = Self.id(codename, architecture, flavour, initrd: initrd)
        self.distribution = distribution
        self.codename = codename
        self.architecture = architecture
        self.flavour = flavour
        self.kernel = kernel
        self.initrd = initrd
        self.kernelSize = kernelSize
        self.initrdSize = initrdSize
        self.kernelRelease = kernelRelease
        self.xen = xen
        self.hasModulesInArchive = hasModulesInArchive
        self.source = source
        self.signer = signer
        self.released = released
        self.fetched = fetched
    }

    static func id(_ codename: String, _ architecture: String, _ flavour: NetbootFlavour, initrd: String) -> String {
        "\(codename)-\(architecture)-\(flavour.rawValue)-\(initrd.prefix(12))"
    }

    /// The types of guests that its kernel can be; nil where its file does not say.
    package var types: [GuestType]? {
        xen.map { xen in
            (xen.startsAsPV ? [.pv] : []) + (xen.startsAsPVH ? [.pvh] : []) + [.hvm] + (xen.knowsXen ? [.pvhvm] : [])
        }
    }

    /// The files in the store.
    package var digests: [String] { [kernel, initrd] }
}
