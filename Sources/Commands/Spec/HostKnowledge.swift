import Bootstrap
import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// What is read of the host before a specification is made: releases, apt's sources, configuration files.
struct HostKnowledge {
    let releases: DistroInfo
    let sources: AptSources
    let mirrors: MirrorsConf?
    let architecture: Architecture
    let today: CalendarDate
    let configurationDirectory: FilePath

    init(host: Host, configurationDirectory: FilePath) async throws {
        self.configurationDirectory = configurationDirectory
        today = host.clock.today
        architecture = await Self.hostArchitecture(host)
        let data = FilePath("/usr/share/distro-info")
        do {
            releases = try DistroInfo(
                debian: Self.text(data.appending("debian.csv"), host),
                ubuntu: Self.text(data.appending("ubuntu.csv"), host))
        } catch let error as SettingsError {
            throw OptionError(error)
        }
        var files: [NamedText] = []
        if let main = try Self.text("/etc/apt/sources.list", host) { files.append(main) }
        let parts = FilePath("/etc/apt/sources.list.d")
        if try host.files.directory(at: parts) != nil {
            for name in try host.files.names(in: parts) where name.hasSuffix(".list") || name.hasSuffix(".sources") {
                if let text = try Self.text(parts.appending(name), host) { files.append(text) }
            }
        }
        sources = AptSources(files)
        if let text = try Self.text(configurationDirectory.appending("mirrors.conf"), host) {
            do {
                let settings = try await XenToolsConf(text).expanded { words in
                    throw ValueError("commands are not run for mirrors.conf")
                }
                mirrors = try MirrorsConf(settings)
            } catch {
                throw OptionError(error)
            }
        } else {
            mirrors = nil
        }
    }

    /// A file's text; nil when there is none.
    static func text(_ path: FilePath, _ host: Host) throws(HostError) -> NamedText? {
        guard try host.files.entry(at: path) != nil else { return nil }
        let bytes = try host.files.contents(of: path, limit: 4 << 20)
        return NamedText(file: path, text: String(decoding: bytes, as: UTF8.self))
    }

    /// Programs of old releases call into a page that kernels of today leave out; they would be killed one by one,
    /// in the middle of the installation.
    func checkVsyscall(of release: Release, _ architecture: Architecture, on host: Host) throws {
        guard release.needsVsyscall(on: architecture) else { return }
        let maps = try host.files.contents(of: "/proc/self/maps", limit: 1 << 20)
        guard !String(decoding: maps, as: UTF8.self).contains("[vsyscall]") else { return }
        throw OptionError(
            "\(release.title) cannot be installed here: its C library calls the vsyscall page, "
                + "which this host's kernel (\(host.system.kernelRelease)) does not offer",
            hint: "boot the host with vsyscall=emulate on its kernel command line (Debian bug 1028388)",
            exit: .unavailable)
    }

    private static func hostArchitecture(_ host: Host) async -> Architecture {
        let dpkg = Invocation("dpkg", ["--print-architecture"], environment: ["LC_ALL": "C"])
        if let answer = try? await host.processes.capture(dpkg), answer.status.isSuccess,
            let known = Architecture(rawValue: String(answer.output.prefix { !$0.isNewline }))
        {
            return known
        }
        #if arch(arm64)
        return .arm64
        #elseif arch(arm)
        return .armhf
        #elseif arch(i386)
        return .i386
        #else
        return .amd64
        #endif
    }
}
