import GuestModel
import LinuxHost
import Provisioning
import XenConfig

/// The Xen that is to run the guest: what `--xen-version` and `--format` say, else the one that runs here, else the newest
/// that is known.
struct XenTarget {
    let version: XenVersion
    let toolstack: GuestSpec.Configuration.Toolstack
    /// What the running Xen says that it can run; nil where another one is to.
    private let capabilities: [String]?
    private let place: Place

    init(values: Values, host: Host) throws(OptionError) {
        let given = values.given("xen-version")
        let xen = XenHost(host: host)
        let running = xen.version
        let wanted = try given?.parsed { text throws(ValueError) in
            guard let version = XenVersion(text) else {
                throw ValueError("\"\(text)\" is no version of Xen", hint: "write 4.17, for example")
            }
            return version
        }
        version = wanted ?? running ?? .newest
        capabilities = version == running ? xen.capabilities : nil
        place = given?.place ?? .builtIn
        let format = values.given("format")
        // Before 4.1 there was no xl.
        toolstack =
            try format?.parsed { text throws(ValueError) in
                guard let toolstack = GuestSpec.Configuration.Toolstack(rawValue: text) else {
                    // A record is of one configuration, which xl starts: what is for elsewhere is made of that.
                    let isForeign = ["libvirt", "xva"].contains(text)
                    throw ValueError(
                        "\"\(text)\" is no format of a guest's configuration",
                        hint: isForeign
                            ? "make the guest, and then: domus export --format=\(text) NAME" : "write xl or xm")
                }
                return toolstack
            } ?? (version < .oldest ? .xm : .xl)
        if toolstack == .xl, version < .oldest {
            throw OptionError(
                "\(format?.place ?? place): xl is part of Xen since \(XenVersion.oldest), and \(version) was asked for",
                hint: "write --format=xm")
        }
        if toolstack == .xm, version >= XenVersion(4, 5) {
            throw OptionError(
                "\(format?.place ?? place): xm is gone since Xen 4.5, and the configuration is for \(version)",
                hint: "say --xen-version=4.4 or older")
        }
    }

    /// The Xen of a configuration that is there already, which xl is to read.
    ///
    /// - Parameter text: what `--xen-version` says.
    init(ofFileFor text: String?, host: Host) throws(OptionError) {
        var values = Values.Layer()
        values.add("xen-version", text)
        self = try XenTarget(values: Values(layers: [values]), host: host)
        guard toolstack == .xl else {
            throw OptionError("--xen-version: xl is part of Xen since \(XenVersion.oldest)")
        }
    }

    /// - Throws: ``OptionError`` for a guest that this Xen does not run.
    func check(_ type: GuestType, _ architecture: Architecture) throws(OptionError) {
        if type == .pvh, !version.hasTypes {
            throw OptionError(
                "Xen \(version) runs no PVH guests: they came with 4.10 (what was called so from 4.4 on was another thing)",
                hint: (architecture.isArm ? "on Arm there are no others: " : "use --type=pv, or ")
                    + "say with --xen-version which Xen it is for", exit: place.exit)
        }
        guard type == .pv, architecture == .i386 else { return }
        if let capabilities, !capabilities.isEmpty {
            guard !capabilities.contains("xen-3.0-x86_32p") else { return }
            throw OptionError("this host's Xen runs no PV guests of 32 bits", hint: "use --type=pvh")
        }
        if version >= XenVersion(4, 16) {
            throw OptionError(
                "Xen runs PV guests of 32 bits only inside a shim since 4.16, and this is for \(version)",
                hint: "use --type=pvh; or name the --xen-version that it is for", exit: place.exit)
        }
    }
}
