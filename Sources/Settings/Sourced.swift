import GuestModel

/// A value and the place where the user wrote it.
package struct Sourced<Value> {
    package let value: Value
    package let origin: Origin

    package init(_ value: Value, at origin: Origin) {
        self.value = value
        self.origin = origin
    }

    /// Validates or converts the value; what is wrong with it is reported at its place.
    ///
    /// `try setting.map { text throws(ValueError) in try ByteSize(parsing: text) }`
    package func map<New>(
        _ transform: (Value) throws(ValueError) -> New
    ) throws(SettingsError) -> Sourced<New> {
        do {
            return Sourced<New>(try transform(value), at: origin)
        } catch {
            throw SettingsError(error, at: origin)
        }
    }
}

extension Sourced: Sendable where Value: Sendable {}
extension Sourced: Equatable where Value: Equatable {}
extension Sourced: Hashable where Value: Hashable {}
