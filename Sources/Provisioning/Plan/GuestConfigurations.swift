import LinuxHost
import SystemPackage

/// The xl configurations of a directory, whoever made them.
package enum GuestConfigurations {
    /// Names of files that may be some: xl asks for no ending, and xen-tools lets the administrator choose one (`extension`).
    /// What editors and dpkg leave is nobody's guest.
    package static func names(in directory: FilePath, _ files: any FileReading) throws(HostError) -> [String] {
        try files.names(in: directory).filter { name in
            !name.hasPrefix(".") && !name.hasSuffix("~") && !name.contains(".dpkg-")
                && ![".bak", ".orig", ".old", ".swp"].contains { name.hasSuffix($0) }
        }
    }
}
