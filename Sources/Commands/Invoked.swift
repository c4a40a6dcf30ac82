import Glibc
import LinuxHost
import Provisioning
import SystemPackage

/// How this process was called, read once.
enum Invoked {
    static let workingDirectory: FilePath = {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return FilePath(platformString: path)
    }()

    /// Paths without a slash in front would mean other places in a directory that is gone.
    static func checkWorkingDirectory() throws(OptionError) {
        guard let path = getcwd(nil, 0) else {
            throw OptionError(
                "the working directory is not there any more, or cannot be read: \(Errno(rawValue: errno))",
                hint: "change to another directory", exit: .noInput)
        }
        free(path)
    }

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// The executable itself, wherever a link of another name leads.
    static let executable: FilePath = {
        guard let path = realpath("/proc/self/exe", nil) else { return "/usr/bin/domus" }
        defer { free(path) }
        return FilePath(platformString: path)
    }()

    /// Finds what belongs to Domus: installed (`PREFIX/bin`, `PREFIX/libexec/domus`, `PREFIX/share/domus`), or in a
    /// checkout.
    static func locations(_ host: Host, userConfiguration: FilePath) throws -> Locations {
        let directory = executable.removingLastComponent()
        let prefix = directory.removingLastComponent()
        let helpers = [prefix.appending("libexec/domus/domus-chroot"), directory.appending("domus-chroot")]
        guard let helper = helpers.first(where: host.files.isExecutable) else {
            throw ProvisioningError(
                "the helper domus-chroot is missing: it is neither \(helpers[0]) nor \(helpers[1])", exit: .software,
                hint: "the installation is damaged; install Domus again")
        }
        // A build in a checkout lies some directories below Hooks and Templates.
        var candidates = [(prefix.appending("share/domus/hooks"), prefix.appending("share/domus/templates"))]
        var ancestor = directory
        while ancestor.removeLastComponent(), !ancestor.isEmpty {
            guard try host.files.entry(at: ancestor.appending("Package.swift")) != nil else { continue }
            candidates.append((ancestor.appending("Hooks"), ancestor.appending("Templates")))
        }
        for (hooks, templates) in candidates {
            let template = templates.appending("xl.cfg.mustache")
            if try host.files.entry(at: hooks.appending("common.sh")) != nil,
                try host.files.entry(at: template) != nil
            {
                return Locations(
                    helper: helper, hooks: hooks, template: template, userConfiguration: userConfiguration)
            }
        }
        throw ProvisioningError(
            "the hooks and templates of Domus are missing: there is no \(candidates[0].0)", exit: .software,
            hint: "the installation is damaged; install Domus again")
    }
}
