import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// Reads xen-tools.conf and the file of `--config` into layers.
struct ConfigurationFiles {
    let host: Host
    let knowledge: HostKnowledge

    /// A layer, the keys that nobody knows (xen-tools hands them to hooks), and what is worth a warning.
    struct Read {
        var layer = Values.Layer()
        var unknown: [String: String] = [:]
        var warnings: [String] = []
    }

    func read(_ file: NamedText) async throws(OptionError) -> Read {
        do {
            let conf = try XenToolsConf(file)
            var read = Read(warnings: conf.warnings.map(\.description))
            for setting in try await conf.expanded(run) {
                let key = XenToolsOptions.canonical(setting.key)
                if XenToolsOptions.isHarmlessInFiles(key) {
                    // What xen-tools ships is nobody's wish, and no reason to worry anybody.
                    if key != "cache" {
                        read.warnings.append("\(setting.origin): \(setting.key) has no effect in Domus")
                    }
                    // These may leave something out of the guest, if it is made that way.
                    guard ["copy-cmd", "tar-cmd"].contains(key) else { continue }
                    read.layer.entries.append((key: key, value: setting.value, place: .file(setting.origin)))
                    continue
                }
                read.layer.entries.append((key: key, value: setting.value, place: .file(setting.origin)))
                if !XenToolsOptions.known.contains(key), !XenToolsOptions.isDerived(key),
                    XenToolsOptions.missing[key] == nil
                {
                    read.unknown[setting.variableName] = setting.value
                }
            }
            try XenToolsOptions.check(read.layer)
            return read
        } catch let error as OptionError {
            throw error
        } catch let error as SettingsError {
            throw OptionError(error)
        } catch {
            throw OptionError("cannot read \(file.file): \(error)", exit: .configuration)
        }
    }

    /// The output of a command in backticks, run without a shell. xen-tools' own helper is answered here: an empty
    /// answer leaves the value unset, so that the mirror fits the release that is asked for, not the host's own.
    private func run(_ words: [String]) async throws -> String {
        guard let name = words.first else { throw ValueError("the command is empty") }
        if FilePath(name).lastComponent?.string == "xt-guess-suite-and-mirror" {
            if words.contains("--mirror") || words.contains("-m") { return "" }
            return knowledge.sources.hostMirror(
                architecture: knowledge.architecture, known: knowledge.releases, today: knowledge.today
            )?.release.codename ?? "stable"
        }
        let answer = try await host.processes.capture(
            Invocation(name, Array(words.dropFirst()), environment: ["LC_ALL": "C"], timeout: 30))
        guard answer.status.isSuccess else { throw ValueError("it ended with \(answer.status)") }
        return answer.output
    }
}
