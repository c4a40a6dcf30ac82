import GuestModel
import Provisioning
import Settings

/// Something the user gave that cannot be: an option, a value in a configuration file, or two of them together.
struct OptionError: Error, Equatable {
    let message: String
    let hint: String?
    let exit: ExitCode

    init(_ message: String, hint: String? = nil, exit: ExitCode = .usage) {
        self.message = message
        self.hint = hint
        self.exit = exit
    }

    init(_ error: ValueError, at place: Place) {
        self.init("\(place): \(error.message)", hint: error.hint, exit: place.exit)
    }

    init(_ error: SettingsError) {
        self.init(error.description, hint: error.hint, exit: .configuration)
    }
}

/// Where a value came from.
enum Place: Hashable, CustomStringConvertible {
    case option(String)
    /// A word without a name of its own.
    case argument(String)
    case file(Origin)
    case builtIn

    var description: String {
        switch self {
        case .option(let name): "--\(name)"
        case .argument(let name): name
        case .file(let origin): origin.description
        case .builtIn: "the default"
        }
    }

    var exit: ExitCode {
        if case .file = self { .configuration } else { .usage }
    }
}
