import ArgumentParser
import GuestModel
import Provisioning

/// Arguments in the manner of xen-tools, whose Getopt::Long takes unambiguous beginnings of names, a single dash, and
/// any case: rewritten to the full names that the parser knows.
struct XenToolsArguments {
    let program: String

    /// - Throws: ``OptionError`` for an option of xen-tools that is not there yet, or an ambiguous beginning.
    /// - Returns: the words, and what is to be told about those that are left out.
    func normalized(_ words: [String]) throws(OptionError) -> (words: [String], notes: [String]) {
        var result: [String] = []
        var notes: [String] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            if word == "--" { return (result + words[index...], notes) }
            guard word.hasPrefix("-"), word.count > 1 else {
                result.append(word)
                index += 1
                continue
            }
            let body = word.drop { $0 == "-" }
            let typed = body.prefix { $0 != "=" }
            if program == "xen-create-image" {
                let option = XenToolsOptions.canonical(typed.lowercased())
                var (value, count) = (body.contains("=") ? String(body.dropFirst(typed.count + 1)) : nil, 1)
                if value == nil, ["cache", "install"].contains(option), index + 1 < words.count {
                    (value, count) = (words[index + 1], 2)
                }
                if let reason = XenToolsOptions.reasonToPassOver(option, value: value) {
                    notes.append("--\(option) is passed over: \(reason)")
                    index += count
                    continue
                }
            }
            let name = try fullName(of: typed.lowercased(), typed: word)
            result.append("--\(name)\(body.dropFirst(typed.count))")
            index += 1
            // The next word is the value, whatever it looks like: --role-args -v is not a switch.
            if !body.contains("="), takesValue(name), index < words.count {
                result[result.count - 1] += "=\(words[index])"
                index += 1
            }
        }
        return (result, notes)
    }

    /// For `domus create`, which takes full names only.
    func refuseMissing(_ words: [String]) throws(OptionError) {
        guard words.first == "create" else { return }
        for word in words.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
            let name = word.dropFirst(2).prefix { $0 != "=" }
            if let reason = XenToolsOptions.missing[XenToolsOptions.canonical(String(name))] {
                throw refusal(String(name), reason)
            }
        }
    }

    private func fullName(of name: String, typed: String) throws(OptionError) -> String {
        let canonical = XenToolsOptions.canonical(name)
        let names = knownNames
        if names.contains(canonical) { return canonical }
        // Getopt::Long writes --nodhcp for what is --no-dhcp here.
        if canonical.hasPrefix("no"), names.contains("no-\(canonical.dropFirst(2))") {
            return "no-\(canonical.dropFirst(2))"
        }
        if canonical == "h" { return "help" }
        if let reason = missing[canonical] { throw refusal(canonical, reason) }
        let candidates = names.filter { $0.hasPrefix(canonical) }.sorted()
        // Two spellings of one are one.
        if let first = candidates.first, Set(candidates.map { $0.filter { $0 != "-" } }).count == 1 { return first }
        if candidates.isEmpty {
            let refused = missing.filter { $0.key.hasPrefix(canonical) }.min { $0.key < $1.key }
            if let refused { throw refusal(refused.key, refused.value) }
            // The parser says what is wrong with it, and what comes near.
            return canonical
        }
        throw OptionError(
            "the option \(typed.prefix { $0 != "=" }) is ambiguous: "
                + candidates.map { "--\($0)" }.joined(separator: ", "), hint: "write the name out")
    }

    /// What this command of xen-tools takes and Domus does not.
    private var missing: [String: String] {
        let storage = XenToolsOptions.missing.filter { ["evms", "zpool"].contains($0.key) }
        switch program {
        case "xen-create-image": return XenToolsOptions.missing
        case "xen-delete-image":
            return storage.merging(["extension": "the record knows the configuration's name"]) { own, _ in own }
        case "xen-resize-guest": return [:]
        default: return ["extension": "the records know the configurations' names"]
        }
    }

    private func refusal(_ name: String, _ reason: String) -> OptionError {
        OptionError("--\(name) is an option of xen-tools that Domus does not have yet", hint: reason)
    }

    private var knownNames: Set<String> { OptionNames.values(command).union(OptionNames.flags(command)) }

    private func takesValue(_ name: String) -> Bool { OptionNames.values(command).contains(name) }

    private var command: any ParsableCommand.Type {
        switch program {
        case "xen-create-image": CreateCommand.self
        case "xen-delete-image": DeleteCommand.self
        case "xen-resize-guest": ResizeCommand.self
        default: ListCommand.self
        }
    }
}
