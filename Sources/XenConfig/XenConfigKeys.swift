import GuestModel
import Templating

/// What xl knows about each key, release by release. Keys that it does not know it silently ignores.
enum XenConfigKeys {
    /// The shape that xl wants a value in; another one it ignores, with a warning that scrolls by.
    struct Shape: OptionSet, Hashable, Sendable {
        let rawValue: Int
        static let number = Shape(rawValue: 1)
        static let string = Shape(rawValue: 2)
        static let list = Shape(rawValue: 4)

        static let byName: [Substring: Shape] = ["number": .number, "string": .string, "list": .list]
    }

    /// A key's shapes, each with the release that began with it; nil from where on it is gone.
    private typealias History = [(since: XenVersion, shape: Shape?)]

    /// The shape of a key; nil for a key that the xl of this release does not know.
    static func shape(of key: String, in version: XenVersion) -> Shape? {
        histories[key]?.last { $0.since <= version }?.shape
    }

    /// What to do about a key that the xl of a release does not know.
    static func advice(on key: String, in version: XenVersion) -> String? {
        if let note = departed[key] { return note }
        if let history = histories[key] {
            if let first = history.first, version < first.since { return "it is a key since Xen \(first.since)" }
            if let last = history.last, last.shape == nil { return "it is none since Xen \(last.since)" }
        }
        return Suggestion.closest(to: key, among: all(in: version)).map { "is \($0) meant?" }
    }

    /// The keys that the xl of a release knows.
    static func all(in version: XenVersion) -> [String] {
        histories.keys.filter { shape(of: $0, in: version) != nil }
    }

    /// The actions of `on_poweroff` and its like, and the release that each is since.
    static func actions(in version: XenVersion) -> [String] {
        [
            "coredump-destroy", "coredump-restart", "destroy", "preserve", "rename-restart", "restart",
        ] + (version >= XenVersion(4, 7) ? ["soft-reset"] : [])
    }

    static let actionKeys = ["on_poweroff", "on_reboot", "on_watchdog", "on_crash", "on_soft_reset"]

    private static let histories: [String: History] = {
        var histories: [String: History] = [:]
        for row in table.split(separator: "\n") {
            var words = row.split(separator: " ")[...]
            let key = String(words.removeFirst())
            var history: History = []
            while let since = words.popFirst().flatMap({ XenVersion($0) }), let shape = words.popFirst() {
                let shapes = shape.split(separator: "|").compactMap { Shape.byName[$0] }
                history.append((since, shapes.isEmpty ? nil : Shape(shapes)))
            }
            histories[key] = history
        }
        return histories
    }()

    // Each key, and from which release on it is what. From the calls of xlu_cfg_get_... in tools/xl/xl_parse.c (before
    // 4.9 tools/libxl/xl_cmdimpl.c) at the tags RELEASE-4.1.0 to RELEASE-4.22.0.
    private static let table = """
        acpi 4.1 number
        acpi_firmware 4.3 string
        acpi_laptop_slate 4.9 number
        acpi_s3 4.2 number
        acpi_s4 4.2 number
        altp2m 4.9 string|number
        altp2m_count 4.21 number
        altp2mhvm 4.6 number
        apic 4.1 number
        arm_sci 4.21 string
        bios 4.2 string
        bios_path_override 4.8 string
        boot 4.1 string
        bootloader 4.1 string
        bootloader_args 4.1 string 4.2 string|list
        bootloader_restrict 4.18 number
        bootloader_user 4.18 string
        builder 4.1 string
        cap 4.2 number
        channel 4.5 list
        cmdline 4.5 string
        cpu_weight 4.2 number
        cpuid 4.1 string|list
        cpus 4.2 string|list
        cpus_soft 4.5 string|list
        device_model 4.1 string
        device_model_args 4.1 list
        device_model_args_hvm 4.2 list
        device_model_args_pv 4.2 list
        device_model_override 4.2 string
        device_model_stubdomain_override 4.2 number
        device_model_stubdomain_seclabel 4.2 string
        device_model_user 4.7 string
        device_model_version 4.2 string
        device_tree 4.6 string
        disk 4.1 list
        display 4.5 string
        dm_restrict 4.10 number
        driver_domain 4.4 number
        dtdev 4.6 list
        e820_host 4.2 number
        extra 4.1 string
        extratime 4.2 number
        firmware 4.10 string
        firmware_override 4.2 string
        gfx_passthru 4.1 number 4.7 string|number
        gic_version 4.6 string
        hap 4.1 number
        hdtype 4.6 string
        hpet 4.1 number
        hvm_pirq 4.19 number
        init_seclabel 4.3 string
        iomem 4.3 list
        ioports 4.2 list
        irqs 4.2 list
        kernel 4.1 string
        keymap 4.1 string
        latency 4.2 number
        llc_colors 4.20 list
        localtime 4.2 number
        max_event_channels 4.4 number
        max_grant_frames 4.10 number
        max_grant_version 4.16 number
        max_maptrack_frames 4.10 number
        maxmem 4.1 number
        maxvcpus 4.1 number
        mca_caps 4.10 list
        memory 4.1 number
        mmio_hole 4.5 number
        ms_vm_genid 4.5 string
        msr_relaxed 4.15 number
        name 4.1 string
        nestedhvm 4.2 number
        nographic 4.1 number
        nomigrate 4.1 number
        nr_spis 4.19 number
        nx 4.1 number
        on_crash 4.1 string
        on_poweroff 4.1 string
        on_reboot 4.1 string
        on_soft_reset 4.7 string
        on_watchdog 4.1 string
        oos 4.1 number
        opengl 4.1 number
        p9 4.9 list
        pae 4.1 number
        passthrough 4.13 string
        pci 4.1 list
        pci_msitranslate 4.1 number
        pci_permissive 4.2 number
        pci_power_mgmt 4.1 number
        pci_seize 4.5 number
        period 4.2 number
        pool 4.1 string
        pvcalls 4.11 list
        pvh 4.4 number 4.9 gone
        pvshim 4.11 number
        pvshim_cmdline 4.11 string
        pvshim_extra 4.11 string
        pvshim_path 4.11 string
        ramdisk 4.1 string
        rdm 4.6 string
        rdm_mem_boundary 4.6 number
        root 4.1 string
        rtc_timeoffset 4.2 number
        sdl 4.1 number
        seclabel 4.2 string
        serial 4.1 string 4.5 string|list
        shadow_memory 4.1 number
        slice 4.2 number
        smbios 4.18 list
        smbios_firmware 4.3 string
        soundhw 4.1 string
        spice 4.2 number
        spice_clipboard_sharing 4.4 number
        spice_image_compression 4.6 string
        spice_streaming_video 4.6 string
        spiceagent_mouse 4.2 number
        spicedisable_ticketing 4.2 number
        spicehost 4.2 string
        spicepasswd 4.2 string
        spiceport 4.2 number
        spicetls_port 4.2 number
        spiceusbredirection 4.4 number
        spicevdagent 4.4 number
        stdvga 4.1 number
        stubdomain_cmdline 4.16 string
        stubdomain_kernel 4.14 string
        stubdomain_memory 4.14 number
        stubdomain_ramdisk 4.14 string
        sve 4.18 string
        tee 4.13 string
        timer_mode 4.1 number 4.2 string|number
        trap_unmapped_accesses 4.21 number
        tsc_mode 4.1 number 4.2 string|number
        type 4.10 string
        usb 4.1 number
        usbctrl 4.7 list
        usbdev 4.7 list
        usbdevice 4.1 string 4.3 string|list
        usbversion 4.4 number
        uuid 4.1 string
        vcpus 4.1 number
        vdispl 4.10 list
        vendor_device 4.4 string
        vfb 4.1 list
        vga 4.3 string
        videoram 4.1 number
        vif 4.1 list
        viridian 4.1 number 4.5 number|list
        virtio 4.18 list
        vkb 4.12 list
        vkb_device 4.13 number
        vmtrace_buf_kb 4.15 number
        vnc 4.1 number
        vncdisplay 4.1 number
        vnclisten 4.1 string
        vncpasswd 4.1 string
        vncunused 4.1 number
        vncviewer 4.2 number
        vnuma 4.6 list
        vpmu 4.16 number
        vpt_align 4.1 number
        vsnd 4.12 list
        vtpm 4.3 list
        vuart 4.10 string
        xauthority 4.5 string
        xen_platform_pci 4.1 number
        xen_platform_pci_bar_uc 4.21 number
        xend_suspend_evtchn_compat 4.14 number
        xenstore_feature_mask 4.21 number
        xenstore_quota 4.22 list
        """

    // Keys of xm, of old releases of xl, and of xen-tools' own template.
    private static let departed = [
        "pvh": "PVH of Xen 4.4 is gone since 4.9; from 4.10 on write type = \"pvh\"",
        "vif2": "netchannel2 is gone; use vif",
        "nics": "the number of interfaces is that of the vif list",
        "cpu": "write cpus",
        "cpupool": "write pool",
        "dhcp": "only xen-tools reads it; xl has no use for it",
        "xen_shell": "only xen-shell reads it; xl has no use for it",
        "ip": "xl takes addresses in the vif list only",
        "netmask": "the guest's own configuration has it; xl has no use for it",
        "gateway": "the guest's own configuration has it; xl has no use for it",
        "hostname": "the guest's own configuration has it; xl takes name",
        "nfs_server": "write it into cmdline, as nfsroot=SERVER:PATH",
        "nfs_root": "write it into cmdline, as nfsroot=SERVER:PATH",
        "restart": "write on_poweroff, on_reboot and on_crash",
        "vtpm_args": "write vtpm",
        "maxmemory": "write maxmem",
    ]
}
