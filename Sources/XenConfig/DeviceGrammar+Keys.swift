import GuestModel

extension DeviceGrammar {
    /// What is known of each list of devices whose strings are `key=value`, from the functions of tools/xl/xl_parse.c
    /// (before 4.9 tools/libxl/xl_cmdimpl.c) that read them, at the tags RELEASE-4.1.0 to RELEASE-4.22.0.
    static func grammar(of key: String, in version: XenVersion) -> DeviceGrammar? {
        // The loop over its strings was rewritten in 4.18.
        if key == "p9", version < XenVersion(4, 18) { return DeviceGrammar(.words, grammars["p9"]?.parameters ?? []) }
        return grammars[key]
    }

    private static let grammars: [String: DeviceGrammar] = [
        "channel": DeviceGrammar(.pairs, ["backend", "name", "path", "connection"].map { Parameter($0) }),
        "p9": DeviceGrammar(
            .pairs,
            ["backend", "path", "security_model", "tag"].map { Parameter($0) } + [
                Parameter("type", .word(["qemu", "xen_9pfsd"]), since: XenVersion(4, 19)),
                Parameter("max-files", .checkedNumber, since: XenVersion(4, 19)),
                Parameter("max-open-files", .checkedNumber, since: XenVersion(4, 19)),
                Parameter("max-space", .checkedNumber, since: XenVersion(4, 19)),
                Parameter("auto-delete", .number(radix: 0), since: XenVersion(4, 19)),
            ]),
        "pvcalls": DeviceGrammar(.words, [Parameter("backend")]),
        "usbctrl": DeviceGrammar(
            .options,
            [
                Parameter("type", .word(["auto", "pv", "devicemodel", "qusb"])),
                Parameter("version", .number(radix: 10)), Parameter("ports", .number(radix: 10)),
            ]),
        "usbdev": DeviceGrammar(
            .options,
            [
                Parameter("type", .word(["hostdev"])), Parameter("hostbus", .number(radix: 0)),
                Parameter("hostaddr", .number(radix: 0)), Parameter("controller", .number(radix: 10)),
                Parameter("port", .number(radix: 10)),
            ]),
        "vdispl": DeviceGrammar(
            .options, [Parameter("backend"), Parameter("be-alloc", .number(radix: 0)), Parameter("connectors")]),
        "vfb": DeviceGrammar(
            .words,
            ["vnc", "vncunused", "vncdisplay", "sdl", "opengl"].map { Parameter($0, .number(radix: 10)) }
                + ["vnclisten", "vncpasswd", "keymap", "display", "xauthority"].map { Parameter($0) }
                // It is of xm, and still in many a configuration.
                + [Parameter("type", .ignored("vnc"))]),
        "virtio": DeviceGrammar(
            .options,
            [
                Parameter("backend"), Parameter("type"), Parameter("transport", .word(["mmio"])),
                Parameter("grant_usage", .number(radix: 0)),
            ]),
        "vkb": DeviceGrammar(
            .options,
            [Parameter("backend"), Parameter("backend-type", .word(["qemu", "linux"])), Parameter("unique-id")]
                + [
                    "feature-disable-keyboard", "feature-disable-pointer", "feature-abs-pointer",
                    "feature-raw-pointer", "feature-multi-touch", "multi-touch-width", "multi-touch-height",
                    "multi-touch-num-contacts", "width", "height",
                ].map { Parameter($0, .number(radix: 0)) }),
        "vtpm": DeviceGrammar(.words, [Parameter("backend"), Parameter("uuid", .uuid)]),
    ]

    /// In the order in which the check looks into them.
    static let keys = grammars.keys.sorted()

    // MARK: sound cards

    private static let sound: [Parameter] = [
        Parameter("channels-min", .number(radix: 0)), Parameter("channels-max", .number(radix: 0)),
        Parameter("buffer-size", .number(radix: 0)), Parameter("sample-rates"), Parameter("sample-formats"),
    ]

    /// The words that an item of a card in `vsnd` may begin with, in large or small letters, and what may follow.
    static let soundItems: [String: DeviceGrammar] = [
        "card": DeviceGrammar(
            .options, sound + ["backend", "short-name", "long-name"].map { Parameter($0) }),
        "pcm": DeviceGrammar(.options, sound + [Parameter("name")]),
        "stream": DeviceGrammar(.options, sound + [Parameter("unique-id"), Parameter("type", .word(["p", "c"]))]),
    ]

    static let soundFormats: Set<String> = [
        "s8", "u8", "s16_le", "s16_be", "u16_le", "u16_be", "s24_le", "s24_be", "u24_le", "u24_be", "s32_le", "s32_be",
        "u32_le", "u32_be", "f32_le", "f32_be", "f64_le", "f64_be", "iec958_subframe_le", "iec958_subframe_be",
        "mu_law", "a_law", "ima_adpcm", "mpeg", "gsm",
    ]
}
