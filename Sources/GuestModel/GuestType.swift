/// How Xen virtualizes the guest (xl.cfg(5), `type`).
package enum GuestType: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    /// Paravirtualized: a kernel that knows Xen, no hardware help.
    case pv
    /// Hardware page tables without an emulator; a guest kernel of Linux 4.11 or later.
    case pvh

    /// - Throws: ``ValueError`` naming the types there are.
    package init(parsing text: String) throws(ValueError) {
        guard let known = GuestType(rawValue: text) else {
            throw ValueError(
                text == "hvm" || text == "pvhvm"
                    ? "guests of type \(text) are not made yet" : "\"\(text)\" is not a type of guest",
                hint: "known are pv and pvh"
            )
        }
        self = known
    }

    package var description: String { rawValue }
}
