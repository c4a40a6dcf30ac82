import GuestModel

/// A partitions file of xen-tools: one section a partition, named after it, with `size`, `type`, `mountpoint` and
/// `options`.
package struct PartitionsFile: Sendable {
    /// In the order in which xen-tools numbers them: by the length of the mount point, so that swap space, which has
    /// none, comes first, then `/`, and every parent before what is mounted below it.
    package let partitions: [Partition]

    /// All block device numbers that Xen guests of any age know leave room for 15 partitions on a disk
    /// (xen-vbd-interface(7)).
    private static let maximumCount = 15

    private static let keys: Set<String> = ["size", "type", "mountpoint", "options"]

    /// - Throws: ``SettingsError`` at the line that is wrong: for anything that is not section, key or comment, for
    ///   unknown and repeated keys, values that are not what they should be, names or mount points that occur twice,
    ///   and a file without `/`.
    package init(_ source: NamedText) throws(SettingsError) {
        let sections = try Self.sections(of: source)
        var partitions: [Sourced<Partition>] = []
        for section in sections {
            let partition = try Self.partition(section)
            if let twin = sections.first(where: { $0.name.value == section.name.value }), twin.name != section.name {
                throw SettingsError(
                    "the partition \"\(section.name.value)\" is there already, in line \(twin.name.origin.line)",
                    at: section.name.origin
                )
            }
            if let mountPoint = partition.mountPoint,
                let twin = partitions.first(where: { $0.value.mountPoint == mountPoint })
            {
                throw SettingsError(
                    "\"\(mountPoint)\" is the mount point of the partition \"\(twin.value.name)\" already",
                    hint: "every mount point can be used once",
                    at: section.values["mountpoint"]?.origin ?? section.name.origin
                )
            }
            partitions.append(Sourced(partition, at: section.name.origin))
        }
        guard partitions.contains(where: { $0.value.mountPoint == "/" }) else {
            throw SettingsError(
                "no partition is mounted at /",
                hint: "add a section with mountpoint=/",
                at: source.origin(max(source.lines.count, 1))
            )
        }
        guard partitions.count <= Self.maximumCount else {
            throw SettingsError(
                "there are \(partitions.count) partitions, and a disk of a guest has \(Self.maximumCount) at most",
                at: partitions[Self.maximumCount].origin
            )
        }
        self.partitions = partitions.map(\.value).enumerated().sorted { left, right in
            // The index keeps the order of the file among equals.
            (left.element.mountPoint?.utf8.count ?? 0, left.offset)
                < (right.element.mountPoint?.utf8.count ?? 0, right.offset)
        }.map(\.element)
    }

    private struct Section {
        let name: Sourced<String>
        var values: [String: Sourced<String>] = [:]
    }

    private static func sections(of source: NamedText) throws(SettingsError) -> [Section] {
        var sections: [Section] = []
        for (index, line) in source.lines.enumerated() {
            let origin = source.origin(index + 1)
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            if content.hasPrefix("["), content.hasSuffix("]") {
                sections.append(Section(name: Sourced(String(content.dropFirst().dropLast().trimmed), at: origin)))
                continue
            }
            guard let equals = content.firstIndex(of: "=") else {
                throw SettingsError(
                    "this line is neither a section nor a key with its value",
                    hint: "write [name], then lines such as size=4G",
                    at: origin
                )
            }
            let key = String(content[..<equals].trimmed)
            guard keys.contains(key) else {
                throw SettingsError(
                    "a partition has no key \"\(key)\"",
                    hint: "known are size, type, mountpoint and options",
                    at: origin
                )
            }
            guard let last = sections.indices.last else {
                throw SettingsError(
                    "\"\(key)\" stands before the first section",
                    hint: "put a line such as [root] in front",
                    at: origin
                )
            }
            if let earlier = sections[last].values[key] {
                throw SettingsError(
                    "\"\(key)\" of the partition \"\(sections[last].name.value)\" is there already, in line "
                        + "\(earlier.origin.line)",
                    at: origin
                )
            }
            sections[last].values[key] = Sourced(String(content[content.index(after: equals)...].trimmed), at: origin)
        }
        return sections
    }

    private static func partition(_ section: Section) throws(SettingsError) -> Partition {
        func required(_ key: String) throws(SettingsError) -> Sourced<String> {
            guard let value = section.values[key], !value.value.isEmpty else {
                throw SettingsError(
                    "the partition \"\(section.name.value)\" has no \(key)",
                    at: section.values[key]?.origin ?? section.name.origin
                )
            }
            return value
        }
        let size = try required("size").map { text throws(ValueError) in try ByteSize(parsing: text) }
        let type = try required("type")
        let options = section.values["options"].flatMap { $0.value.isEmpty ? nil : $0 }
        if type.value == "swap" {
            if let mountPoint = section.values["mountpoint"], !mountPoint.value.isEmpty {
                throw SettingsError("swap space has no mount point", hint: "take the line out", at: mountPoint.origin)
            }
            return try make(section, size.value, .swap, options ?? Sourced("sw", at: section.name.origin))
        }
        let kind = try type.map { text throws(ValueError) in
            do throws(ValueError) {
                return try FileSystemKind(parsing: text)
            } catch {
                throw ValueError(error.message, hint: error.hint.map { "\($0); or swap" })
            }
        }
        let mountPoint = try required("mountpoint")
        return try make(
            section,
            size.value,
            .fileSystem(kind.value, mountPoint: mountPoint.value),
            options ?? Sourced("defaults", at: section.name.origin)
        )
    }

    /// Partition checks name, mount point and options together; each one is tried alone first, with values for the
    /// others that are right, so that the message names the line.
    private static func make(
        _ section: Section,
        _ size: ByteSize,
        _ content: PartitionContent,
        _ options: Sourced<String>
    ) throws(SettingsError) -> Partition {
        func attempt(
            _ origin: Origin,
            name: String = "x",
            content: PartitionContent = .swap,
            options: String = "x"
        ) throws(SettingsError) -> Partition {
            do {
                return try Partition(name: name, size: size, content: content, mountOptions: options)
            } catch {
                throw SettingsError(error, at: origin)
            }
        }
        let name = section.name
        let mountPointOrigin = section.values["mountpoint"]?.origin ?? name.origin
        _ = try attempt(name.origin, name: name.value)
        _ = try attempt(mountPointOrigin, content: content)
        _ = try attempt(options.origin, options: options.value)
        return try attempt(name.origin, name: name.value, content: content, options: options.value)
    }
}
