import GuestModel
import LinuxHost
import SystemPackage

/// Programs of the tree, run in it: pre-installation scripts, and dpkg(1) for the rest.
struct GuestScripts: Sendable {
    let site: InstallationSite
    let host: Host
    let architecture: Architecture
    /// Seconds.
    let timeout: Int
    /// What all of them find in their environment.
    var environment: [String: String] = [:]

    /// What is in the place of start-stop-daemon(8), for scripts that do not ask whether they may: on the host, shown in the
    /// tree while a program of it runs, so that none of it stays there.
    func prepare() throws {
        _ = try host.files.createFile(
            daemon,
            contents: Array("#!/bin/sh\necho 'start-stop-daemon: nothing is started at installation'\n".utf8),
            mode: 0o755)
    }

    private var daemon: FilePath { site.scratch.appending("start-stop-daemon") }

    private func invocation(_ program: String, _ arguments: [String], _ environment: [String: String]) -> Invocation {
        var variables = [
            "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true",
            "HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        variables.merge(self.environment) { $1 }
        variables.merge(environment) { $1 }
        var confinement = Confinement(
            helper: site.helper, root: site.root, entersRoot: true, mountsKernelFileSystems: true,
            binds: [.init(daemon, at: "@/sbin/start-stop-daemon")])
        confinement.ignoresSynchronization = true
        return confinement.wrap(Invocation(program, arguments, environment: variables, timeout: timeout))
    }

    /// Runs a package's preinst, as dpkg does for one that was never installed.
    func runPreinst(_ script: String, of package: NativePackage, dpkg version: String) async throws {
        let status = try await host.processes.run(
            invocation(
                script, ["install"],
                [
                    "DPKG_MAINTSCRIPT_PACKAGE": package.name, "DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT": "1",
                    "DPKG_MAINTSCRIPT_ARCH": architecture.rawValue, "DPKG_MAINTSCRIPT_NAME": "preinst",
                    "DPKG_MAINTSCRIPT_DEBUG": "0", "DPKG_RUNNING_VERSION": version, "DPKG_ADMINDIR": "/var/lib/dpkg",
                    "DPKG_ROOT": "",
                ]), appendingOutputTo: site.log)
        guard status.isSuccess else {
            throw try failure("the pre-installation script of \(package.name) \(package.version) failed", status)
        }
    }

    /// Configures packages; all that are unpacked when none is named.
    func configure(_ packages: [String]?) async throws {
        let status = try await host.processes.run(
            invocation(
                "dpkg",
                // Where a script has made a conffile already, it stays: what dpkg proposes when it asks.
                ["--force-unsafe-io", "--force-confdef", "--force-confold", "--configure"]
                    + (packages ?? ["--pending"]), [:]),
            appendingOutputTo: site.log)
        guard status.isSuccess else { throw try failure("dpkg could not configure the packages", status) }
    }

    private func failure(_ what: String, _ status: ExitStatus) throws -> BootstrapError {
        let tail = try BootstrapLog(site: site, host: host).complaint()
        return BootstrapError("\(what): \(tail.text ?? status.description)", hint: tail.hint, cause: tail.cause)
    }
}
