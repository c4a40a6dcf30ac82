/// A node of xl's `vnuma`: memory and processors of the guest that are near each other.
struct VirtualNode {
    /// The node of the host that it is put on.
    let hostNode: Int?
    let mebibytes: Int
    /// The processors of the guest.
    let processors: CPUSet
    /// To each node in turn; empty where nothing is said, which is 10 to itself and 20 to others for both toolstacks.
    let distances: [Int]

    init(hostNode: Int?, mebibytes: Int, processors: CPUSet, distances: [Int]) {
        self.hostNode = hostNode
        self.mebibytes = mebibytes
        self.processors = processors
        self.distances = distances
    }

    /// The nodes of a configuration; empty when it has none.
    ///
    /// - Returns: nil where xl would not understand them, or only with the host's help.
    static func nodes(of value: XenConfigValue?) -> [VirtualNode]? {
        guard let items = value?.items else { return value == nil ? [] : nil }
        let nodes = items.compactMap { VirtualNode(parsing: $0, count: items.count) }
        return nodes.count == items.count ? nodes : nil
    }

    private init?(parsing value: XenConfigValue, count: Int) {
        var values: [Substring: Substring] = [:]
        for text in value.items ?? [] {
            guard let text = text.text, let equals = text.firstIndex(of: "=") else { return nil }
            values[text[..<equals]] = text[text.index(after: equals)...]
        }
        guard Set(values.keys).isSubset(of: ["pnode", "size", "vcpus", "vdistances"]),
            let size = values["size"].flatMap({ Int($0) }), (1...1 << 30).contains(size),
            let processors = values["vcpus"].flatMap({ CPUSet(parsing: String($0)) })
        else { return nil }
        let distances = (values["vdistances"] ?? "").split(separator: ",").compactMap { Int($0) }
        guard values["vdistances"] == nil || distances.count == count else { return nil }
        self.init(
            hostNode: values["pnode"].flatMap { Int($0) }, mebibytes: size, processors: processors,
            distances: distances)
    }

    /// The node in a configuration.
    var value: XenConfigValue {
        var parts = hostNode.map { ["pnode=\($0)"] } ?? []
        parts += ["size=\(mebibytes)", "vcpus=\(processors.text)"]
        if !distances.isEmpty { parts.append("vdistances=\(distances.map(String.init).joined(separator: ","))") }
        return .list(parts.map(XenConfigValue.string))
    }

    /// `<cell>`.
    func element(number: Int) -> XMLElement {
        let siblings = distances.enumerated().map { index, distance in
            XMLElement("sibling", ["id": String(index), "value": String(distance)])
        }
        return XMLElement(
            "cell",
            [
                "id": String(number), "cpus": processors.text, "memory": String(mebibytes << 10), "unit": "KiB",
            ],
            [siblings.isEmpty ? nil : XMLElement("distances", [:], siblings)])
    }
}
