import Foundation
import SystemPackage

/// A JSON document that is a list of objects.
struct JSONList {
    let documents: [[String: Any]]

    init(_ text: String) throws {
        documents = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
    }
}

/// The names in a directory, sorted.
func listing(_ directory: FilePath) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.string).sorted()
}

/// Bytes, holes included.
func fileSize(_ file: FilePath) -> Int64? {
    (try? FileManager.default.attributesOfItem(atPath: file.string)[.size] as? NSNumber)?.int64Value
}
