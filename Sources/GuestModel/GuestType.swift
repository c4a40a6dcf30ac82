/// How Xen virtualizes the guest (xl.cfg(5), `type`).
package enum GuestType: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    /// Paravirtualized: a kernel that knows Xen, no hardware help.
    case pv
    /// Hardware page tables without an emulator; a guest kernel of Linux 4.11 or later. Talks call it "hybrid".
    case pvh
    /// A whole machine, emulated: also for systems that know nothing of Xen.
    case hvm
    /// The same, with Xen's disks and interfaces beside the emulated ones, which the kernel then unplugs.
    case pvhvm

    /// - Throws: ``ValueError`` naming the types there are.
    package init(parsing text: String) throws(ValueError) {
        // PVH was presented as the hybrid of PV and HVM, and scripts have called it so.
        guard let known = text == "hybrid" ? .pvh : GuestType(rawValue: text) else {
            throw ValueError(
                "\"\(text)\" is not a type of guest",
                hint: "known are \(Self.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        self = known
    }

    package var description: String { rawValue }

    /// What xl calls it: to xl there is one HVM, whatever devices it has.
    package var xlName: String { self == .pvhvm ? Self.hvm.rawValue : rawValue }

    /// Whether it begins like a computer, with firmware that reads a boot sector or an EFI system partition.
    package var hasFirmware: Bool { self == .hvm || self == .pvhvm }
}
