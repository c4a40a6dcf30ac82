/// An amount of storage or memory, in bytes. Never negative.
///
/// Suffixes are powers of 1024 however they are spelled (`4G`, `4Gb`, `4GB`, `4GiB`), because that is what
/// xen-tools, LVM and xl mean by them.
package struct ByteSize: Hashable, Comparable, Sendable, Codable {
    /// The number of bytes.
    package let bytes: Int64

    package init(bytes: Int64) {
        precondition(bytes >= 0, "a size is never negative")
        self.bytes = bytes
    }

    /// A whole number of mebibytes.
    package static func mebibytes(_ count: Int64) -> ByteSize { ByteSize(bytes: count * 1_048_576) }

    /// A whole number of gibibytes.
    package static func gibibytes(_ count: Int64) -> ByteSize { ByteSize(bytes: count * 1_073_741_824) }

    /// Whole mebibytes, rounded down: the unit of `memory` in xl.cfg(5).
    package var mebibytes: Int64 { bytes / 1_048_576 }

    package static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    /// What a number without a suffix means.
    package enum BareNumber: Sendable {
        /// A suffix is required, since a guess about a disk's size would be a dangerous one.
        case refused
        /// Mebibytes, as the manual page of xen-create-image says of `--memory`.
        case mebibytes
    }

    /// Reads a size such as `512M`, `1.5G`, `4Gb` or `20GiB`.
    ///
    /// - Throws: ``ValueError`` for anything else, for zero, and for a size over 8 EiB.
    package init(parsing text: String, bare: BareNumber = .refused) throws(ValueError) {
        let allowed = "write a number and a unit, such as 512M, 1.5G or 2T"
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        // Only ASCII, because there are other letters, such as the kelvin sign, whose lower case is an ASCII one.
        var unit = text.utf8.allSatisfy { $0 < 128 } ? text.dropFirst(digits.count).lowercased() : "?"
        if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.hasSuffix("b") { unit.removeLast() }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ValueError("\"\(text)\" is not a size", hint: allowed)
        }
        let factor: Int64
        switch (unit, bare) {
        case ("k", _): factor = 1 << 10
        case ("m", _): factor = 1 << 20
        case ("g", _): factor = 1 << 30
        case ("t", _): factor = 1 << 40
        case ("", .mebibytes) where digits.count == text.count: factor = 1 << 20
        case ("", _): throw ValueError("\"\(text)\" has no unit", hint: allowed)
        default: throw ValueError("\"\(text)\" is not a size", hint: allowed)
        }
        guard let whole = Int64(first) else { throw ValueError("\"\(text)\" is too large a size", hint: allowed) }
        let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ValueError("\"\(text)\" is too large a size", hint: allowed) }
        var total = product
        if parts.count == 2 {
            guard parts[1].count <= 6, let fraction = Int64(parts[1]) else {
                throw ValueError("\"\(text)\" has more than six decimals", hint: allowed)
            }
            var scale: Int64 = 1
            for _ in 0..<parts[1].count { scale *= 10 }
            // Divide first: factor * fraction could overflow for terabytes with six decimals.
            let addend = factor / scale * fraction + factor % scale * fraction / scale
            let (sum, sumOverflow) = total.addingReportingOverflow(addend)
            guard !sumOverflow else { throw ValueError("\"\(text)\" is too large a size", hint: allowed) }
            total = sum
        }
        guard total > 0 else { throw ValueError("\"\(text)\" is no space at all", hint: allowed) }
        self.init(bytes: total)
    }
}

extension ByteSize {
    private enum CodingKeys: CodingKey {
        case bytes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let bytes = try container.decode(Int64.self, forKey: .bytes)
        guard bytes >= 0 else {
            throw ValueError("a size of \(bytes) bytes was recorded, and a size is never negative")
        }
        self.init(bytes: bytes)
    }
}

extension ByteSize: CustomStringConvertible {
    /// The shortest exact spelling with a unit, for example `1536M`; below a kibibyte the plain number and `B`.
    package var description: String {
        for (factor, unit) in [(Int64(1) << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
        where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }

    /// A rounded spelling for people, for example `1.4G`.
    package var rounded: String {
        for (factor, unit) in [(Int64(1) << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
        where bytes >= factor {
            let tenths = bytes / factor * 10 + bytes % factor * 10 / factor
            return tenths % 10 == 0 ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
        }
        return "\(bytes)B"
    }
}
