import Glibc

/// The locale in which libarchive works, set for this thread only and only while a call runs.
///
/// libarchive converts names between the archive's charset and the locale's. What the process has set (liblvm2cmd, for
/// one, calls `setlocale`) must not decide how a guest's files are named, so a fixed locale is set around the calls.
enum NameLocale {
    /// Reading: no conversion out of UTF-8 can succeed in "C" except for ASCII, and libarchive then keeps the raw bytes
    /// that stand in the archive. In a UTF-8 locale it would recompose them (NFC) and so change names.
    case raw
    /// Writing: names that are UTF-8 are stored as the pax format wants them, others as `hdrcharset=BINARY`.
    case utf8

    /// Enters the locale; what it returns must be given to `leave` on the same thread, before any suspension.
    func enter() -> locale_t? {
        uselocale(self == .raw ? Self.loaded.raw : Self.loaded.utf8)
    }

    static func leave(_ previous: locale_t?) {
        _ = uselocale(previous)
    }

    /// Made once, never changed and never freed: sharing the pointers between threads is what `uselocale` is for.
    private struct Loaded: @unchecked Sendable {
        let raw: locale_t?
        let utf8: locale_t?
    }

    private static let loaded = {
        let mask = Int32(1) << LC_CTYPE
        let raw = newlocale(mask, "C", nil)
        // C.UTF-8 is missing from old C libraries; names are then stored as binary, which every reader of pax takes.
        return Loaded(raw: raw, utf8: newlocale(mask, "C.UTF-8", nil) ?? raw)
    }()
}
