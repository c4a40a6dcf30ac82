import Templating

/// What xl knows about each key, from xl_parse.c of Xen 4.23. Keys that it does not know it silently ignores.
enum XenConfigKeys {
    /// The shape that xl wants a value in; another one it ignores, with a warning that scrolls by.
    struct Shape: OptionSet, Sendable {
        let rawValue: Int
        static let number = Shape(rawValue: 1)
        static let string = Shape(rawValue: 2)
        static let list = Shape(rawValue: 4)
    }

    /// The shape of a key; nil for a key that xl does not know.
    static func shape(of key: String) -> Shape? { shapes[key] }

    /// What to do about a key that xl does not know, or no longer.
    static func advice(on key: String) -> String? {
        if let note = departed[key] { return note }
        return Suggestion.closest(to: key, among: shapes.keys).map { "is \($0) meant?" }
    }

    /// The actions of `on_poweroff` and its like.
    static let actions: Set<String> = [
        "destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart", "soft-reset",
    ]

    static let actionKeys = ["on_poweroff", "on_reboot", "on_watchdog", "on_crash", "on_soft_reset"]

    private static let numbers = """
        acpi acpi_laptop_slate acpi_s3 acpi_s4 altp2m_count altp2mhvm apic bootloader_restrict cap cpu_weight \
        device_model_stubdomain_override dm_restrict driver_domain e820_host extratime hap hpet hvm_pirq latency \
        localtime max_event_channels max_grant_frames max_grant_version max_maptrack_frames maxmem maxvcpus memory \
        mmio_hole msr_relaxed nestedhvm nographic nomigrate nr_spis nx oos opengl pae pci_msitranslate pci_permissive \
        pci_power_mgmt pci_seize period pvshim rdm_mem_boundary rtc_timeoffset sdl shadow_memory slice spice \
        spice_clipboard_sharing spiceagent_mouse spicedisable_ticketing spiceport spicetls_port spiceusbredirection \
        spicevdagent stdvga stubdomain_memory trap_unmapped_accesses usb usbversion vcpus videoram vkb_device \
        vmtrace_buf_kb vnc vncdisplay vncunused vncviewer vpmu vpt_align xen_platform_pci xen_platform_pci_bar_uc \
        xend_suspend_evtchn_compat xenstore_feature_mask
        """

    private static let strings = """
        acpi_firmware arm_sci bios bios_path_override boot bootloader bootloader_user builder cmdline device_model \
        device_model_override device_model_stubdomain_seclabel device_model_user device_model_version device_tree \
        display extra firmware firmware_override gic_version hdtype init_seclabel kernel keymap ms_vm_genid name \
        on_crash on_poweroff on_reboot on_soft_reset on_watchdog passthrough pool pvshim_cmdline pvshim_extra \
        pvshim_path ramdisk rdm root seclabel smbios_firmware soundhw spice_image_compression spice_streaming_video \
        spicehost spicepasswd stubdomain_cmdline stubdomain_kernel stubdomain_ramdisk sve tee type uuid vendor_device \
        vga vnclisten vncpasswd vuart xauthority
        """

    private static let lists = """
        channel device_model_args device_model_args_hvm device_model_args_pv disk dtdev iomem ioports irqs llc_colors \
        mca_caps p9 pci pvcalls smbios usbctrl usbdev vdispl vfb vif virtio vkb vnuma vsnd vtpm xenstore_quota
        """

    private static let shapes: [String: Shape] = {
        var shapes: [String: Shape] = [:]
        for (names, shape) in [(numbers, Shape.number), (strings, .string), (lists, .list)] {
            for name in names.split(separator: " ") { shapes[String(name)] = shape }
        }
        for name in ["bootloader_args", "cpuid", "cpus", "cpus_soft", "serial", "usbdevice"] {
            shapes[name] = [.list, .string]
        }
        for name in ["altp2m", "gfx_passthru", "timer_mode", "tsc_mode"] { shapes[name] = [.number, .string] }
        shapes["viridian"] = [.list, .number]
        return shapes
    }()

    // Keys of xm, of old releases of xl, and of xen-tools' own template.
    private static let departed = [
        "pvh": "PVH of Xen 4.4 is gone since 4.10; write type = \"pvh\"",
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
