/// A question that a component of debian-installer, or a package, is known to ask.
package struct KnownQuestion: Hashable, Sendable {
    /// The name; `[0-9]` in it stands for a number, as in `apt-setup/local[0-9]/repository`.
    package let name: String
    /// Of the newest release first, where releases differ. Never empty.
    package let types: [PreseedType]
    /// The code names of the releases that ask it.
    package let releases: [String]
    /// `d-i` first, if the installer itself asks it. Never empty.
    package let owners: [String]
    package let defaultValue: String
    /// What a `select` or `multiselect` can be answered with; empty where that is known only at run time.
    package let choices: [String]

    static let number = "[0-9]"
}
