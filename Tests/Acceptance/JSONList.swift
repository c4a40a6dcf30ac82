import Foundation

/// A JSON document that is a list of objects.
struct JSONList {
    let documents: [[String: Any]]

    init(_ text: String) throws {
        documents = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
    }
}
