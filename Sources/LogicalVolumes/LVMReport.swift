import FoundationEssentials
import GuestModel
import LinuxHost

/// Reports in LVM's JSON (lvmreport(7)).
enum LVMReport {
    private struct Document: Decodable {
        var report: [[String: [[String: String]]]]
    }

    /// The rows of a report, each by field.
    ///
    /// - Parameter kind: the name of the list: `lv`, `vg`.
    static func rows(_ answer: LVMAnswer, kind: String) throws(HostError) -> [[String: String]] {
        do {
            let text = answer.output.joined(separator: "\n")
            let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
            return document.report.flatMap { $0[kind] ?? [] }
        } catch {
            throw HostError("LVM's report is not what it should be: \(error)")
        }
    }

    static let groupFields: StaticString = "vg_name,vg_size,vg_free,vg_extent_size,vg_missing_pv_count"

    static func group(_ row: [String: String]) throws(HostError) -> VolumeGroup {
        VolumeGroup(
            name: try field("vg_name", row), size: try number("vg_size", row),
            free: try number("vg_free", row), extentSize: try number("vg_extent_size", row),
            missingDevices: Int(try number("vg_missing_pv_count", row)))
    }

    static let volumeFields: StaticString =
        "vg_name,lv_name,lv_uuid,lv_size,lv_tags,lv_layout,lv_role,lv_permissions,zero,pool_lv,data_percent,metadata_percent,lv_device_open"

    static func volume(_ row: [String: String]) throws(HostError) -> Volume {
        let pool = try field("pool_lv", row)
        let roles = Set(try field("lv_role", row).split(whereSeparator: isSeparator))
        let layout = Set(try field("lv_layout", row).split(whereSeparator: isSeparator))
        let origins: Set<Substring> = ["thickorigin", "multithickorigin", "extthinorigin", "multiextthinorigin"]
        return Volume(
            group: try field("vg_name", row), name: try field("lv_name", row), uuid: try field("lv_uuid", row),
            size: try number("lv_size", row),
            tags: Set(try field("lv_tags", row).split(separator: ",").map(String.init)),
            pool: pool.isEmpty ? nil : pool, dataPercent: try percent("data_percent", row),
            metadataPercent: try percent("metadata_percent", row),
            isThinPool: layout.isSuperset(of: ["thin", "pool"]), zeroesBlocks: isSet(try field("zero", row), "zero"),
            hasDependents: !roles.isDisjoint(with: origins) || layout.contains("pool"),
            isReadOnly: try field("lv_permissions", row).hasPrefix("read-only"),
            isOpen: isSet(try field("lv_device_open", row), "open"))
    }

    /// What `list_item_separator` of lvm.conf may be; names have letters only.
    private static func isSeparator(_ character: Character) -> Bool { !character.isLetter }

    /// A switch, by its word or, with `binary_values_as_numeric` in lvm.conf, as a number.
    private static func isSet(_ value: String, _ word: String) -> Bool { value == word || value == "1" }

    /// nil where LVM does not tell.
    private static func percent(_ name: String, _ row: [String: String]) throws(HostError) -> Double? {
        let text = try field(name, row)
        if text.isEmpty { return nil }
        // A locale's comma.
        guard let value = Double(String(text.map { $0 == "," ? "." : $0 })) else {
            throw HostError("LVM's report has \"\(text)\" as \(name)")
        }
        // Other volumes' -1 is "not known".
        return value < 0 ? nil : value
    }

    private static func field(_ name: String, _ row: [String: String]) throws(HostError) -> String {
        guard let value = row[name] else { throw HostError("LVM's report has no \(name)") }
        return value
    }

    private static func number(_ name: String, _ row: [String: String]) throws(HostError) -> Int64 {
        let text = try field(name, row)
        guard let value = Int64(text) else { throw HostError("LVM's report has \"\(text)\" as \(name)") }
        return value
    }
}
