/// Types of guests that xl tells apart.
struct GuestTypes: OptionSet, Hashable, Sendable {
    let rawValue: Int
    static let pv = GuestTypes(rawValue: 1)
    static let pvh = GuestTypes(rawValue: 2)
    static let hvm = GuestTypes(rawValue: 4)
    static let all: GuestTypes = [.pv, .pvh, .hvm]
}
