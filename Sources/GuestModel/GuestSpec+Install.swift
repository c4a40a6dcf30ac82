import SystemPackage

extension GuestSpec {
    /// How the root file system comes into being.
    package struct Install: Sendable, Hashable {
        package var method: Method
        /// Whether the guest is made of a base, and which one will do.
        package var base: BaseUse
        package var mirror: String
        /// Components of the archive, for example `main`, `contrib`.
        package var components: [String]
        /// The keyrings of which one must have signed the archive; none only where nothing is verified. An archived
        /// release has two: its keys move from the distribution's keyring to the one of removed keys at some time.
        package var keyrings: [FilePath]
        package var proxy: String?
        package var verification: Verification
        /// Where security updates come from; nil where the release has none.
        package var security: Security?
        /// The suite with the release's updates; nil where it has none.
        package var updatesSuite: String?
        /// Extra packages for debootstrap and mmdebstrap.
        package var include: [String]
        /// The packages that are installed in the place of what the archive has by now: `--locked`.
        package var locked: PackageLock?
        /// Where it is written which packages were installed: `--lock`.
        package var lockFile: FilePath?
        /// Seconds after which an installation that does not end is given up.
        package var timeout: Int

        package init(
            method: Method,
            base: BaseUse = .never,
            mirror: String,
            components: [String],
            keyrings: [FilePath],
            proxy: String? = nil,
            verification: Verification = .required,
            security: Security? = nil,
            updatesSuite: String? = nil,
            include: [String] = [],
            timeout: Int = 3600
        ) {
            self.method = method
            self.base = base
            self.mirror = mirror
            self.components = components
            self.keyrings = keyrings
            self.proxy = proxy
            self.verification = verification
            self.security = security
            self.updatesSuite = updatesSuite
            self.include = include
            self.timeout = timeout
        }

        /// What fills the tree.
        package enum Method: Sendable, Hashable {
            /// By Domus itself, with apt and dpkg.
            case native
            case debootstrap
            case mmdebstrap
            case tar(FilePath)
            case copy(FilePath)
            /// By the guest itself: the distribution's own installer runs in it.
            case installer

            /// The word of `--install-method`.
            package var name: String {
                switch self {
                case .native: "native"
                case .debootstrap: "debootstrap"
                case .mmdebstrap: "mmdebstrap"
                case .tar: "tar"
                case .copy: "copy"
                case .installer: "installer"
                }
            }

            /// What a tree is taken from.
            package var source: FilePath? {
                switch self {
                case .native, .debootstrap, .mmdebstrap, .installer: nil
                case .tar(let path), .copy(let path): path
                }
            }

            /// Whether it installs packages, so that their own scripts ran; the others bring a tree as it is.
            package var installsPackages: Bool {
                switch self {
                case .native, .debootstrap, .mmdebstrap, .installer: true
                case .tar, .copy: false
                }
            }
        }

        /// A base is an installed system that guests are clones of: the half that does not depend on who they are.
        package enum BaseUse: String, Sendable, Hashable, Codable, CaseIterable {
            /// The guest is installed by itself.
            case never = "none"
            /// One that is as new as the archive; where there is none it is made.
            case fresh
            /// The newest that there is, whatever the archive has by now; where there is none it is made.
            case cached
            /// The newest that there is, and none is made.
            case offline
        }

        /// Whether the archive's signature must hold.
        package enum Verification: String, Sendable, Hashable, Codable {
            case required
            /// Asked for in so many words: `--no-verify`.
            case disabled
        }

        /// The archive of security updates.
        package struct Security: Sendable, Hashable {
            package var mirror: String
            package var suite: String

            package init(mirror: String, suite: String) {
                self.mirror = mirror
                self.suite = suite
            }
        }
    }
}
