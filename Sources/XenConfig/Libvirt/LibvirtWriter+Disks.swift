/// Disks (xen_xl.c, xenParseXLDisk; libxl_conf.c, libxlMakeDisk).
extension LibvirtWriter {
    mutating func disks() throws(XenConfigError) -> [XMLElement?] {
        var elements: [XMLElement?] = []
        for text in strings("disk") {
            do {
                elements.append(element(of: try DiskSpec(parsing: text, for: version)))
            } catch {
                throw XenConfigError(error.message, hint: error.hint, position: file.position(of: "disk"))
            }
        }
        return elements
    }

    private mutating func element(of disk: DiskSpec) -> XMLElement? {
        guard DiskEntry.isDeviceName(disk.vdev) else {
            note(
                "the disk \"\(disk.vdev)\" has no form in libvirt XML, which knows disks as xvda, sda and hda", "disk",
                severity: .error)
            return nil
        }
        func noForm(_ what: String) -> String { "\(what) of the disk \(disk.vdev) has no form in libvirt XML" }
        if disk.script != nil {
            note(
                noForm("the script"), "disk", hint: "prepare the device before the guest starts, and name it as target",
                severity: .error)
            return nil
        }
        guard disk.format != .empty || disk.isCDROM else {
            note(noForm("the format \"empty\""), "disk", severity: .error)
            return nil
        }
        guard disk.target?.hasPrefix("/") ?? true else {
            note(
                noForm("the target \"\(disk.target ?? "")\""), "disk", hint: "libvirt takes paths only",
                severity: .error)
            return nil
        }
        if disk.backendType == "standalone" { note(noForm("the backend \"standalone\""), "disk") }
        if disk.specification == "virtio" { note(noForm("the specification \"virtio\""), "disk", severity: .error) }
        for other in disk.others where !["discard", "no-discard"].contains(other) {
            note(noForm("\"\(other)\""), "disk")
        }
        // A device of the host or a file: it is all the same to the Xen driver, and not to who reads it.
        let isDevice = disk.backendType == "phy" || disk.target?.hasPrefix("/dev/") == true
        let source = disk.target.map { XMLElement("source", [isDevice ? "dev" : "file": $0]) }
        return XMLElement(
            "disk",
            ["type": isDevice ? "block" : "file", "device": disk.isCDROM ? "cdrom" : "disk"],
            [
                driver(of: disk), source, XMLElement("target", ["dev": disk.vdev, "bus": bus(of: disk)]),
                disk.access == .readOnly ? XMLElement("readonly") : nil,
                disk.backend.map { XMLElement("backenddomain", ["name": $0]) },
            ])
    }

    /// Without a name libxl chooses what serves the disk, as it does for xl; but only a raw one may be without
    /// (libxlMakeDisk takes any other for raw). libvirt's own conversion has `qemu` there, which would make a file of a
    /// block device.
    private func driver(of disk: DiskSpec) -> XMLElement {
        let format = disk.format == .empty ? .raw : disk.format
        let discard = disk.others.last { ["discard", "no-discard"].contains($0) }
        return XMLElement(
            "driver",
            [
                "name": disk.backendType.flatMap(LibvirtWords.diskBackends.libvirt) ?? (format == .raw ? nil : "qemu"),
                "type": LibvirtWords.diskFormats.libvirt(format.rawValue),
                "discard": discard.map { $0 == "discard" ? "unmap" : "ignore" },
            ])
    }

    private func bus(of disk: DiskSpec) -> String {
        if disk.vdev.hasPrefix("xvd") || type != .hvm { return "xen" }
        return disk.vdev.hasPrefix("sd") ? "scsi" : "ide"
    }
}
