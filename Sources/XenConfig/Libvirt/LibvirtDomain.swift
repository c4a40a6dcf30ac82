import GuestModel

/// A libvirt domain of Xen (formatdomain.html of libvirt) made from an xl configuration.
///
/// It is the guest that xl makes of the configuration: where libvirt's defaults are others than xl's, xl's are written
/// out. Which key is which element is from libvirt's own two ways there: its conversion of xl configurations
/// (xen_common.c and xen_xl.c in src/libxl, read at 9.0.0 and 11.3.0), and what its Xen driver makes of a domain when
/// it starts it (libxl_conf.c). Where the two disagree, the driver is right, for it starts the guest.
package struct LibvirtDomain: Sendable {
    /// The document. It is one of libvirt's schema, unless ``notes`` say otherwise.
    package let xml: String

    /// Every key, and every part of one, that has no form in libvirt's XML, or one that its Xen driver does not heed: a
    /// warning, or an error where the guest would not start, or would lack a disk or an interface.
    package let notes: [Problem]

    /// - Parameter version: of the Xen whose xl the configuration is for.
    /// - Throws: ``XenConfigError`` for a configuration that is no guest to xl, for a name that libvirt cannot have,
    ///   and for a text that XML cannot hold.
    package init(from file: XenConfigFile, for version: XenVersion) throws(XenConfigError) {
        var writer = try LibvirtWriter(file, for: version)
        xml = try writer.domain().document()
        notes = writer.notes.inOrder
    }
}
