import GuestModel

/// What an xl configuration says of its guest: for lists of guests, those that other tools made included.
package struct GuestSummary: Hashable, Sendable {
    /// nil for a configuration that names none, which xl would refuse.
    package let name: String?
    /// `pv`, `pvh` or `hvm`, as xl would take it.
    package let type: String
    /// In MiB; nil where xl's default applies.
    package let memory: Int?
    /// In MiB; nil where it is the memory.
    package let maximumMemory: Int?
    package let virtualCPUs: Int
    package let uuid: String?
    /// The disks that can be read.
    package let disks: [DiskSpec]
    package let vifs: [VifSpec]
    /// Whether xen-tools noted that the guest asks for its address (`dhcp = 'dhcp'`).
    package let usesDHCP: Bool
    /// What could not be read, one sentence each; xl would refuse or ignore it.
    package let unreadable: [String]

    /// The files and devices of the disks.
    package var paths: [String] { disks.compactMap(\.target) }

    /// The addresses that the vifs name.
    package var addresses: [String] { vifs.flatMap(\.addresses) }

    package init(from file: XenConfigFile, for version: XenVersion = .newest) {
        name = file["name"]?.text
        type =
            if file["type"]?.text == nil, file["builder"]?.text == "hvm" { "hvm" } else { file["type"]?.text ?? "pv" }
        memory = file["memory"]?.integer
        maximumMemory = file["maxmem"]?.integer
        virtualCPUs = max(1, file["vcpus"]?.integer ?? 1)
        uuid = file["uuid"]?.text
        var disks: [DiskSpec] = []
        var unreadable: [String] = []
        for text in (file["disk"]?.items ?? []).compactMap(\.text) {
            do { disks.append(try DiskSpec(parsing: text, for: version)) } catch { unreadable.append(error.message) }
        }
        for key in ["disk", "vif"] where file[key].map({ $0.items == nil }) == true {
            unreadable.append("\"\(key)\" is not a list; xl ignores it")
        }
        vifs = (file["vif"]?.items ?? []).compactMap(\.text).map { VifSpec(parsing: $0, for: version) }
        for vif in vifs { unreadable += vif.complaints }
        self.disks = disks
        self.unreadable = unreadable
        usesDHCP = file["dhcp"]?.text.map { !["", "0", "no", "off"].contains($0) } ?? false
    }
}
