import GuestModel
import Templating

/// The flags that xl takes in `cpuid = "host,..."`, and the release that each is since.
enum CPUIDFlags {
    static let since: [String: XenVersion] = {
        var since: [String: XenVersion] = [:]
        var version = XenVersion.oldest
        for word in table.split(whereSeparator: \.isWhitespace) {
            if let release = XenVersion(word) { version = release } else { since[String(word)] = version }
        }
        return since
    }()

    /// Those that are bits of a model-specific register, of which a value is one character (msr_add).
    static let ofRegisters = Set(
        """
        bhi-no doitm eibrs energy-filtering fb-clear fb-clear-ctrl fbsdp-no gds-ctrl gds-no if-pschange-mc-no
        ign-umonitor intel-ssb-no its-no mcu-ctrl mcu-ext mds-no misc-pkg-ctrl mon-umon-mitg ovrclk-status pb-opt-ctrl
        pbrsb-no psdp-no rdcl-no rfds-clear rfds-no rrsba rsba sbdr-ssdp-no skip-l1dfl taa-no tsx-ctrl xapic-status
        """.split(whereSeparator: \.isWhitespace).map(String.init))

    static func closest(to name: String, in version: XenVersion) -> String? {
        Suggestion.closest(to: name, among: since.filter { $0.value <= version }.map(\.key))
    }

    // From the tables in libxl_cpuid.c, and where those refer to it, from what xen/tools/gen-cpuid.py makes of
    // cpufeatureset.h, at the last tag of each release: answers to flaws of processors bring flags into old releases.
    private static let table = """
        4.1 3dnow 3dnowext 3dnowprefetch abm acpi aes altmovcr8 apic apicidsize avx brandid clflush clfsh cmov
        cmplegacy cmpxchg16 cmpxchg8 cntxid dca de ds dscpl dtes64 est extapic f16c family ffxsr fma4 fpu fxsr htt
        ia64 ibs lahfsahf lm localapicid lwp maxleaf mca mce misalignsse mmx mmxext model monitor movbe msr mtrr nc
        nodeid nx osvw osxsave pae page1gb pat pbe pclmulqdq pdcm pge popcnt proccount procpkg pse pse36 psn rdtscp
        skinit smx ss sse sse2 sse3 sse4.1 sse4.2 sse4a ssse3 stepping svm syscall sysenter tbm tm tm2 topoext tsc vme
        vmx wdt x2apic xop xsave xtpr
        4.2 hypervisor svm_decode svm_lbrv svm_npt svm_nrips svm_pausefilt svm_tscrate svm_vmcbclean
        4.3 sse4_1 sse4_2
        4.5 maxhvleaf
        4.7 arch-caps ibpb ibrsb ssbd stibp
        4.8 l1d-flush
        4.10 adx arat avx2 avx512-4fmaps avx512-4vnniw avx512bw avx512cd avx512dq avx512er avx512f avx512ifma avx512pf
        avx512vbmi avx512vl bmi1 bmi2 clflushopt clwb cmt erms fma fsgsbase hle invpcid invtsc md-clear mpx ospke pcid
        perfctr_core perfctr_nb pku rdrand rdseed rtm sha smap smep tsc-deadline tsc_adjust umip
        4.12 cet-ibt cet-ss srbds-ctrl
        4.13 amd-ssbd amd-stibp avx512-bf16 avx512-bitalg avx512-ifma avx512-vbmi avx512-vbmi2 avx512-vnni
        avx512-vpopcntdq btc-no cldemote clzero gfni ibpb-ret ibrs ibrs-always ibrs-fast ibrs-same-mode prefetchwt1
        psfd rdpid rstr-fp-err-ptrs ssb-no stibp-always vaes virt-ssbd vpclmulqdq wbnoinvd
        4.14 aesni amd-ppin bhi-no cmp-legacy core-caps cr8-legacy cx16 cx8 dbext doitm efro eibrs eist
        energy-filtering enqcmd fb-clear fb-clear-ctrl fbsdp-no fdp-excp-only gds-ctrl gds-no ibpb-brtype
        if-pschange-mc-no intel-psfd intel-ssb-no itsc lahf-lm lfence+ lfence-dispatch mcu-ctrl mds-no misc-pkg-ctrl
        monitorx movdir64b movdiri no-fpu-sel nodeid-msr ovrclk-status pbrsb-no ppin pqe pqm psdp-no rdcl-no rrsba
        rsba rtm-always-abort sbdr-ssdp-no sbpb sep serialize sgx skip-l1dfl srso-no sse4-1 sse4-2 taa-no tm1
        tsc-adjust tsx-ctrl tsx-force-abort tsxldtrk xapic-status xgetbv1 xsavec xsaveopt xsaves
        4.15 avx-vnni avx512-vp2intersect bhi-ctrl hybrid ipred-ctrl proc-trace rfds-clear rfds-no rrsba-ctrl
        4.16 cet-sss fsrcs fsrm fsrs fzrm no-lmsl nscb
        4.17 auto-ibrs avx512-fp16 cpb hw-pstate intel-ppin its-no mcdt-no srso-msr-fix srso-us-no tsa-l1-no tsa-sq-no
        verw-clear
        4.18 avx-ifma avx-ne-convert avx-vnni-int8 bld cpuid-user-dis ddp-ctrl pb-opt-ctrl pks wrmsrns
        4.19 addr-msk-ext amd-fsrc amd-fsrs amd-prefetchi amx-tile arch-lbr avx-vnni-int16 epsf fred fs-gs-ns fsrsc
        no-nest-bp prefetchi sha512 sm3 sm4 uintr
        4.20 amx-bf16 amx-complex amx-fp16 amx-int8 cmpccxadd la57 pconfig sdbg sgx-keys sgx-lc tme waitpkg xfd
        4.21 arch-perf-mon cppc ign-umonitor lam lass lkgs mcu-ext mon-umon-mitg msrlist nmi-src no-invd slsm
        uc-lock-dis uiret-uif
        4.22 avx512-bmm
        """
}
