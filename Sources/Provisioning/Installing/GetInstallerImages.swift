import GuestModel
import Installer
import LinuxHost

/// Gets the installer's kernel and initial RAM disk, and makes sure that they can install this guest.
struct GetInstallerImages: Step {
    let plan: InstallPlan

    var summary: String {
        switch plan.images {
        case .fetched(let fetch): "Get the installer's images of \(fetch.archive.suite) for \(fetch.architecture)"
        case .chosen(let set): "Take the installer's images \(set.id)"
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let set: NetbootSet
        switch plan.images {
        case .fetched(let fetch):
            set = try await plan.store.fetch(
                fetch, effects: context.effects, log: context.log, reporter: context.reporter, step: summary)
        case .chosen(let chosen): set = chosen
        }
        if let problem = try plan.store.problems(of: set).first {
            throw InstallerError(
                "the images \(set.id) cannot be used: \(problem)", hint: "domus netboot fetch gets them again",
                cause: .badData)
        }
        guard set.hasModulesInArchive != false else {
            throw InstallerError(
                "the images \(set.id) are of Linux \(set.kernelRelease ?? "?"), and the archive has no modules of the installer "
                    + "for that any more: it would find neither disks nor file systems",
                hint:
                    "domus netboot fetch --dist=\(set.codename) gets newer images, if there are; or use another mirror",
                cause: .unavailable)
        }
        let kernel = try plan.store.kernel(of: set)
        let check = TakeKernel(
            loader: .hostKernel(kernel: plan.store.object(set.kernel), initrd: nil), type: context.spec.kernelType)
        try check.checkType(set.kernelRelease)
        try Self.check(set, for: context.spec)
        if !context.spec.machine.type.hasFirmware {
            try check.checkUnpacking(
                "installer's kernel", kernel, by: context.spec.configuration.xenVersion)
        }
        if set.flavour == .generic, set.xen?.knowsXen != false {
            context.reporter.note(
                "the images of \(set.codename) for \(set.architecture) were not made for Xen: the installer loads the driver "
                    + "for Xen's disks from the mirror, with its other modules")
        }
        findings.netboot = set
    }

    /// - Throws: ``InstallerError`` for a kernel that cannot be such a guest: 32-bit ones cannot be PV guests since Linux 5.9, and
    ///   the generic one of Debian's i386 knows nothing of Xen.
    private static func check(_ set: NetbootSet, for spec: GuestSpec) throws(InstallerError) {
        // In a shim it is a PV guest's.
        let type = spec.kernelType == .pv ? .pv : spec.machine.type
        guard let types = set.types, !types.contains(type) else { return }
        throw InstallerError(
            "the kernel of the images \(set.id), Linux \(set.kernelRelease ?? "?"), cannot be a guest of type "
                + "\(spec.machine.type)" + (set.xen?.knowsXen == false ? ": it was built without Xen" : ""),
            hint: "it can be of type \(types.map(\.rawValue).joined(separator: ", "))"
                + (set.flavour == .generic
                    ? "; images made for Xen (--flavour=xen) know more, where there are some" : ""),
            cause: .unavailable)
    }
}
