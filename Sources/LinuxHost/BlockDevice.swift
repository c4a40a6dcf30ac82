import GuestModel

/// A block device, as the kernel knows it.
package struct BlockDevice: Hashable, Sendable {
    package let size: ByteSize
    /// `MAJOR:MINOR`, in decimal: two paths with equal numbers are one device.
    package let number: String
    /// The same in hexadecimal, as Xen's block backend writes it.
    package let xenNumber: String
    package let isReadOnly: Bool

    package init(size: ByteSize, major: UInt32, minor: UInt32, isReadOnly: Bool) {
        self.size = size
        number = "\(major):\(minor)"
        xenNumber = "\(String(major, radix: 16)):\(String(minor, radix: 16))"
        self.isReadOnly = isReadOnly
    }
}
