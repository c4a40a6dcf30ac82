import GuestModel

/// A guest as xapi, the toolstack of XCP-ng and XenServer, imports it: the document `ova.xml` of an XVA archive, made from
/// an xl configuration, and the disks that follow it there.
///
/// What xapi reads of it, and what it refuses, is from its source (xen-api: import.ml, stream_vdi.ml, importexport.ml,
/// device_number.ml, and the records of datamodel*.ml), of XenServer 7.0 to xapi 26.1. The document is one for all of them.
package struct XAPIAppliance: Sendable {
    /// A disk that goes into the archive.
    package struct Disk: Sendable, Hashable {
        /// What its parts are called in the archive: `Ref:0003/00000000`.
        package let id: String
        /// What xl calls it.
        package let vdev: String
        /// The file or device in dom0.
        package let path: String
        /// Its bytes.
        package let length: Int64
        /// Bytes that it is large for xapi: what there is, and zeros up to what xapi's storage can be large.
        package let size: Int64
    }

    /// `ova.xml`.
    package let document: String
    /// Whether the guest has addresses that an import may change.
    package let hasInterfaces: Bool
    /// In the order in which they must follow.
    package let disks: [Disk]
    /// Every key, and every part of one, that has no form there: a warning, or an error where the guest would not start, or
    /// would lack a disk.
    package let notes: [Problem]

    /// - Parameters:
    ///   - version: of the Xen whose xl the configuration is for.
    ///   - uuid: gives a new one each time.
    ///   - sizeOf: bytes of a file or device.
    /// - Throws: ``XenConfigError`` for a configuration that is no guest to xl, and what `sizeOf` throws.
    package init(
        from file: XenConfigFile, for version: XenVersion, uuid: @escaping () -> String,
        sizeOf: (String) throws -> Int64
    ) throws {
        var writer = try XAPIWriter(file, for: version, uuid: uuid)
        document = try writer.appliance(sizeOf: sizeOf).document()
        disks = writer.disks
        hasInterfaces = !(file["vif"]?.items ?? []).isEmpty
        notes = writer.notes.inOrder
    }

    /// A part of a disk: what is left out where it is all zeros. xapi counts what is left out in the length of the first
    /// part of all (stream_vdi.ml), so every part is as long.
    package static let partSize = 1 << 20

    /// What a disk's size must be a multiple of: xapi's storage on VHD rounds up to it.
    package static let sizeUnit: Int64 = 2 << 20
}
