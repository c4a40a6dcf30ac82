/// How fast a network interface may send: `rate` of xl's vif (libxlu_vif.c), `10MB/s@20ms`.
///
/// To xl a kilobyte is 1000 bytes, to libvirt it is 1024, although its own conversion takes the one for the other.
struct VifRate: Equatable {
    let bytesPerSecond: Int
    /// How often the credit is renewed, in microseconds.
    let interval: Int

    /// What xl takes if nothing is said, and libvirt always.
    static let defaultInterval = 50_000

    init(bytesPerSecond: Int) {
        self.bytesPerSecond = bytesPerSecond
        interval = Self.defaultInterval
    }

    /// - Returns: nil for what xl refuses.
    init?(parsing text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].hasSuffix("/s") else { return nil }
        let digits = parts[0].prefix { $0.isASCII && $0.isNumber }
        // strtoull(3) with base 0, which takes a leading zero for octal.
        guard let number = XenConfigValue.integer(String(digits)), (1...Int(UInt32.max)).contains(number) else {
            return nil
        }
        let unit = parts[0].dropFirst(digits.count).dropLast(2)
        let factors = ["": 1, "K": 1000, "M": 1_000_000, "G": 1_000_000_000]
        guard let factor = factors[String(unit.dropLast())], let kind = unit.last, kind == "B" || kind == "b" else {
            return nil
        }
        let (product, isTooMuch) = number.multipliedReportingOverflow(by: factor)
        guard !isTooMuch else { return nil }
        bytesPerSecond = kind == "b" ? product / 8 : product
        guard parts.count == 2 else {
            interval = Self.defaultInterval
            return
        }
        let intervalDigits = parts[1].prefix { $0.isASCII && $0.isNumber }
        let seconds = ["us": 1, "u": 1, "ms": 1000, "m": 1000, "s": 1_000_000, "": 1_000_000]
        guard let number = XenConfigValue.integer(String(intervalDigits)), (1...Int(UInt32.max)).contains(number),
            let factor = seconds[String(parts[1].dropFirst(intervalDigits.count))]
        else { return nil }
        interval = number * factor
    }

    /// In libvirt's measure, rounded.
    var kibibytesPerSecond: Int { max(1, bytesPerSecond / 1024 + (bytesPerSecond % 1024 >= 512 ? 1 : 0)) }

    /// In xl's words. The number must fit 32 bits.
    var text: String {
        if bytesPerSecond % 1000 == 0 || bytesPerSecond > Int(UInt32.max) { return "\(bytesPerSecond / 1000)KB/s" }
        return "\(bytesPerSecond)B/s"
    }
}
