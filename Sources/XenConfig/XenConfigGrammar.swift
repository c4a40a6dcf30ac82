import GuestModel

/// What xl's parser (libxlu) of a release reads, where the releases differ.
///
/// From libxlu_cfg_l.l, libxlu_cfg_y.y and libxlu_cfg.c at the tags RELEASE-4.1.0 to RELEASE-4.22.0.
struct XenConfigGrammar: Sendable {
    let version: XenVersion

    /// Keys may hold dots (9e14c516b6).
    var hasDots: Bool { version >= XenVersion(4, 3) }

    /// The last assignment may lack its line break (3e71234b6a).
    var endsAnywhere: Bool { version >= XenVersion(4, 3) }

    /// Lists may hold lists (3ba52a60ff).
    var nestsLists: Bool { version >= XenVersion(4, 6) }

    /// A backslash before a character that has no escape is an error; before, both were dropped (cf1416a6e8).
    var refusesUnknownEscapes: Bool { version >= XenVersion(4, 7) }

    /// `+=` adds to a value (a30910bfd7).
    var hasAddition: Bool { version >= XenVersion(4, 13) }
}
