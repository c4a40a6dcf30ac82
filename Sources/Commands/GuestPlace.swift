import Provisioning
import SystemPackage

/// Where a guest is said to live: xen-tools' scripts say it, and one that is somewhere else is not the one they mean.
struct GuestPlace {
    /// `--dir`.
    var dir: String?
    /// `--lvm`.
    var lvm: String?

    func check(_ record: GuestRecord) throws(ProvisioningError) {
        if let lvm, (record.volumes ?? []).contains(where: { $0.group != lvm }) || record.volumes == nil {
            throw ProvisioningError(
                "the guest \(record.hostname) does not live in the volume group \(lvm): it has "
                    + record.images.map(\.path).joined(separator: ", "),
                exit: .noInput, hint: "leave --lvm out")
        }
        guard let dir else { return }
        let place = Invoked.workingDirectory.pushing(FilePath(dir)).lexicallyNormalized().appending("domains")
        guard FilePath(record.directory.path).removingLastComponent() != place else { return }
        throw ProvisioningError(
            "the guest \(record.hostname) does not live in \(place): it is in \(record.directory.path)", exit: .noInput,
            hint: "leave --dir out")
    }
}
