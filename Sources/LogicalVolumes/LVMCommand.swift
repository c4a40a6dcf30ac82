import GuestModel

/// A command for LVM, word by word.
///
/// liblvm2cmd takes one string and splits it itself. So words are made only of literals and of values that hold nothing
/// that it would take for a separator, a quote or an option.
struct LVMCommand {
    private(set) var words: [String]

    init(_ name: StaticString) {
        words = ["\(name)"]
    }

    /// An option, or an option's value, as it stands in the source.
    func adding(_ literal: StaticString...) -> LVMCommand { appending(literal.map { "\($0)" }) }

    func adding(_ group: VolumeGroupName) -> LVMCommand { appending([group.name]) }

    func adding(_ volume: VolumeName) -> LVMCommand { appending([volume.name]) }

    func adding(_ path: VolumePath) -> LVMCommand { appending([path.description]) }

    func adding(_ tag: VolumeTag) -> LVMCommand { appending([tag.text]) }

    /// Bytes.
    func adding(_ size: ByteSize) -> LVMCommand { appending(["\(size.bytes)b"]) }

    /// Only volumes that have this tag, among others or alone, and the UUID where one is given.
    func selecting(uuid: VolumeUUID?, tag: VolumeTag) -> LVMCommand {
        appending(["--select", (uuid.map { "lv_uuid=\($0.text)&&" } ?? "") + "lv_tags={\(tag)}"])
    }

    private func appending(_ more: [String]) -> LVMCommand {
        var command = self
        command.words += more
        return command
    }

    /// What liblvm2cmd is given.
    var text: String { words.joined(separator: " ") }
}

/// What LVM tells a volume by: seven hyphenated groups of letters and digits.
struct VolumeUUID: Hashable {
    let text: String

    /// nil for what is no such thing.
    init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.count) == [6, 4, 4, 4, 4, 4, 6],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || isAlphanumeric($0) })
        else { return nil }
        self.text = text
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}
