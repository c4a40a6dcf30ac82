extension XlGuestType {
    /// What libvirt calls it: the machine and the system in `<type machine=''></type>` (libxl_capabilities.c,
    /// libxlCapsInitGuests; virDomainOSType writes `linux` for `xen`, as it always did).
    var words: (machine: String, system: String) {
        switch self {
        case .pv: ("xenpv", "linux")
        case .pvh: ("xenpvh", "xenpvh")
        case .hvm: ("xenfv", "hvm")
        }
    }
}

/// Words of an xl configuration beside those of a libvirt domain that mean the same, for both directions.
struct LibvirtWords {
    private let pairs: KeyValuePairs<String, String>

    /// xl's words, in their order.
    var ofXL: [String] { pairs.map(\.key) }

    func libvirt(_ xl: String) -> String? { pairs.first { $0.key == xl }?.value }

    func xl(_ libvirt: String) -> String? { pairs.first { $0.value == libvirt }?.key }

    /// `boot`, whose letters xl hands to the BIOS, and `<boot dev=''/>` (xen_xl.c, xenParseXLOS).
    static let bootDevices = LibvirtWords(pairs: ["c": "hd", "d": "cdrom", "a": "fd", "n": "network"])

    /// `tsc_mode`, in the order of the numbers that xl takes for it, too, and the mode of `<timer name='tsc'/>`
    /// (xen_common.c, xenParseHypervisorFeatures).
    static let tscModes = LibvirtWords(pairs: [
        "default": "auto", "always_emulate": "emulate", "native": "native", "native_paravirt": "paravirt",
    ])

    /// `vga` and the type of `<model/>` in `<video>` (libxl_conf.c, libxlMakeVideo).
    static let videoModels = LibvirtWords(pairs: ["stdvga": "vga", "cirrus": "cirrus", "qxl": "qxl"])

    /// The memory that libxl gives a display if nothing is said, in MiB (libxl_create.c,
    /// libxl__domain_build_info_setdefault, for qemu-xen).
    static let videoMemory = ["stdvga": 16, "cirrus": 8, "qxl": 128]

    /// `soundhw` and the model of `<sound/>` (libxl_conf.c, libxlMakeDomBuildInfo, which hands `ich6` on as `hda`).
    static let soundModels = LibvirtWords(pairs: ["hda": "ich6", "ac97": "ac97", "es1370": "es1370", "sb16": "sb16"])

    /// The format of a disk and the type in its `<driver/>`. To the Xen driver a VHD is `vhd` and not `vpc`, as it is
    /// to others (libxl_conf.c, libxlMakeDisk).
    static let diskFormats = LibvirtWords(pairs: [
        "raw": "raw", "qcow": "qcow", "qcow2": "qcow2", "vhd": "vhd", "qed": "qed",
    ])

    /// `backendtype` of a disk and the name in its `<driver/>`.
    static let diskBackends = LibvirtWords(pairs: ["phy": "phy", "qdisk": "qemu", "tap": "tap"])

    /// What `on_poweroff` and its like may say to both. `coredump-...` can be said of a crash only, and `soft-reset` of
    /// nothing (domaincommon.rng, offOptions and crashOptions).
    static let actions = ["destroy", "restart", "rename-restart", "preserve"]
    static let crashActions = actions + ["coredump-destroy", "coredump-restart"]

    /// A feature of a processor by libxl's name and by libvirt's; those that are not here have one name (xen_xl.c,
    /// xenTranslateCPUFeature).
    static let processorFeatures = LibvirtWords(pairs: [
        "cmpxchg16": "cx16", "cntxid": "cid", "dscpl": "ds_cpl", "pclmulqdq": "pclmuldq", "sse3": "pni", "htt": "ht",
        "psn": "pn", "clfsh": "clflush", "sysenter": "sep", "cmpxchg8": "cx8", "nodeid": "nodeid_msr",
        "altmovcr8": "cr8legacy", "lahfsahf": "lahf_lm", "cmplegacy": "cmp_legacy", "ffxsr": "fxsr_opt",
        "page1gb": "pdpe1gb", "ibrsb": "spec-ctrl",
    ])

    /// The features that are hardware help for virtual machines. libxl has `nestedhvm` for them; libvirt looks for the
    /// one that the host's processor has (libxl_conf.c, libxlMakeDomBuildInfo), so both are named.
    static let virtualization = ["vmx", "svm"]

    /// Names of network interfaces that libvirt takes for its own, and forgets (domain_conf.c,
    /// virDomainNetDefParseXML; libxl_conf.h, LIBXL_GENERATED_PREFIX_XEN).
    static let forgottenInterfaceNames = ["vif", "vnet", "macvtap", "macvlan"]

    /// How a serial port of xl is connected: words that stand alone, and words before a path (libxl_conf.c,
    /// libxlMakeChrdevStr).
    static let plainPorts = ["pty", "null", "stdio", "vc"]
    static let pathPorts = ["file", "pipe"]
}
