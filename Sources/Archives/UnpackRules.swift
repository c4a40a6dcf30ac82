/// What decides where a package's files go.
package struct UnpackRules: Sendable {
    /// Who prevails where two packages have the same file.
    package enum Precedence: Sendable {
        case first
        case second
        case neither
    }

    /// An owner and a mode that dpkg-statoverride(1) has set.
    package struct Override: Sendable, Equatable {
        package var owner: UInt32
        package var group: UInt32
        package var permissions: UInt16

        package init(owner: UInt32, group: UInt32, permissions: UInt16) {
            self.owner = owner
            self.group = group
            self.permissions = permissions
        }
    }

    /// The package's place in the order.
    package var number: Int
    /// Names without a slash at their beginning; they wait under another name for their configuration.
    package var conffiles: Set<[UInt8]>
    package var precedence: @Sendable (Int, Int) -> Precedence

    package init(
        number: Int, conffiles: Set<[UInt8]> = [],
        precedence: @escaping @Sendable (Int, Int) -> Precedence = { _, _ in .neither }
    ) {
        self.number = number
        self.conffiles = conffiles
        self.precedence = precedence
    }

    /// What dpkg calls a conffile that is not configured yet.
    static let newSuffix = Array(".dpkg-new".utf8)
}

/// Where files of a name go that a package has diverted from all others (dpkg-divert(1)).
package struct PackageDiversion: Sendable, Equatable {
    /// Names without a slash at their beginning.
    package var from: [UInt8]
    package var to: [UInt8]
    /// The number of the package whose own files keep the name; nil when it is none of these.
    package var keeper: Int?

    package init(from: [UInt8], to: [UInt8], keeper: Int?) {
        self.from = from
        self.to = to
        self.keeper = keeper
    }
}
