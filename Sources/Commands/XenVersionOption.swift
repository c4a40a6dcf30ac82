import ArgumentParser
import LinuxHost

/// `--xen-version` of the commands that look at a configuration which is there.
struct XenVersionOption: ParsableArguments {
    @Option(
        name: .customLong("xen-version"),
        help: ArgumentHelp(
            "The Xen whose xl is to read it (the one that runs here, else the newest known).", valueName: "version"))
    var xenVersion: String?

    func target(_ host: Host) throws(OptionError) -> XenTarget { try XenTarget(ofFileFor: xenVersion, host: host) }
}
