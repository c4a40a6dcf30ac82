import GuestModel

/// An xl configuration made from a libvirt domain of Xen: the other way of ``LibvirtDomain``.
///
/// It is the guest that libvirt's Xen driver makes of the domain (libxl_conf.c in src/libxl, read at 9.0.0 and 11.3.0):
/// where xl's defaults are others than libvirt's, libvirt's are written out.
package struct LibvirtReading: Sendable {
    /// What xl is to read; each entry with the line of its element.
    package let file: XenConfigFile

    /// Every element and attribute that has no form in an xl configuration: a warning, or an error where the guest
    /// would not start, or would lack a disk or an interface.
    package let notes: [Problem]

    /// Reads a document that anybody may have written: no entity is replaced and nothing is loaded for it.
    ///
    /// - Parameters:
    ///   - name: What messages call the document.
    ///   - version: of the Xen whose xl is to read the configuration.
    /// - Throws: ``XenConfigError`` with its place for what is no XML, is too large or too deep, has a document type,
    ///   or is no domain of Xen.
    package init(parsing bytes: [UInt8], file name: String? = nil, for version: XenVersion) throws(XenConfigError) {
        let root = ReadElement(try XMLElement(parsing: bytes, file: name))
        var reader = try LibvirtReader(root, file: name, for: version)
        try reader.read()
        file = XenConfigFile(entries: reader.entries)
        notes = reader.notes.inOrder
    }
}
