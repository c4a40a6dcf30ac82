import SystemPackage

extension GuestSpec {
    /// The xl configuration's place and shape.
    package struct Configuration: Sendable, Hashable {
        /// The directory; absolute.
        package var directory: FilePath
        /// With its dot: `.cfg`; may be empty.
        package var fileExtension: String
        /// The mustache template; nil is the one that Domus brings.
        package var template: FilePath?
        /// The release of Xen that is to read it.
        package var xenVersion: XenVersion
        package var toolstack: Toolstack
        /// What it says beside all that Domus knows a name for; no key twice.
        package var settings: [Setting]

        package init(
            directory: FilePath, fileExtension: String = ".cfg", template: FilePath? = nil,
            xenVersion: XenVersion = .newest, toolstack: Toolstack = .xl, settings: [Setting] = []
        ) {
            self.directory = directory
            self.fileExtension = fileExtension
            self.template = template
            self.xenVersion = xenVersion
            self.toolstack = toolstack
            self.settings = settings
        }

        /// The program that is to read it.
        package enum Toolstack: String, Sendable, Hashable, CaseIterable {
            case xl
            /// xend's, of Xen 4.4 and before.
            case xm
        }

        /// A key, and its value as it stands in the file: a quoted string, a number or a list.
        package struct Setting: Sendable, Hashable {
            package var key: String
            package var value: String

            package init(key: String, value: String) {
                self.key = key
                self.value = value
            }
        }

        /// The file of a guest.
        package func file(of hostname: Hostname) -> FilePath {
            directory.appending(hostname.name + fileExtension)
        }
    }
}

extension [GuestSpec.Configuration.Setting] {
    /// Whether a PVH guest is a shim with a PV guest in it (xl.cfg(5), `pvshim`).
    package var hasShim: Bool { contains { $0.key == "pvshim" && $0.value.filter(\.isNumber) == "1" } }

    /// The file that the device model writes an emulated machine's serial port to (`serial="file:PATH"`); nil where there is
    /// none, or more than one port.
    package var serialFile: String? {
        guard let value = last(where: { $0.key == "serial" })?.value.drop(while: { $0 == "\"" || $0 == "'" }),
            value.hasPrefix("file:/")
        else { return nil }
        return String(value.dropFirst("file:".count).prefix { $0 != "\"" && $0 != "'" })
    }
}
