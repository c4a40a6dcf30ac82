import Foundation
import Glibc
import SystemPackage

/// The text of a file; what is not UTF-8 (a guest's console) is replaced.
func readText(_ file: FilePath) throws -> String {
    do {
        return String(decoding: try Data(contentsOf: URL(filePath: file.string)), as: UTF8.self)
    } catch {
        throw LabError("cannot read \(file): \(error.localizedDescription)")
    }
}

/// The text of a file, or nothing where there is none.
func textIfAny(_ file: FilePath) -> String {
    (try? readText(file)) ?? ""
}

func write(_ text: String, to file: FilePath) throws {
    do {
        try Data(text.utf8).write(to: URL(filePath: file.string))
    } catch {
        throw LabError("cannot write \(file): \(error.localizedDescription)")
    }
}

/// The names in a directory, sorted, without hidden ones.
func entries(of directory: FilePath) throws -> [String] {
    do {
        return try FileManager.default.contentsOfDirectory(atPath: directory.string).filter { !$0.hasPrefix(".") }
            .sorted()
    } catch {
        throw LabError("cannot list \(directory): \(error.localizedDescription)")
    }
}

/// All files below a directory, relative to it, sorted.
func filesBelow(_ directory: FilePath) throws -> [String] {
    guard let enumerator = FileManager.default.enumerator(atPath: directory.string) else {
        throw LabError("cannot list \(directory)")
    }
    return enumerator.compactMap { $0 as? String }.filter {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: "\(directory)/\($0)", isDirectory: &isDirectory)
            && !isDirectory.boolValue
    }.sorted()
}

func exists(_ path: FilePath) -> Bool { FileManager.default.fileExists(atPath: path.string) }

func makeDirectory(_ path: FilePath) throws {
    do {
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
        throw LabError("cannot make the directory \(path): \(error.localizedDescription)")
    }
}

func remove(_ path: FilePath) throws {
    do {
        // Not exists(): a broken link is there too.
        if (try? FileManager.default.attributesOfItem(atPath: path.string)) != nil {
            try FileManager.default.removeItem(atPath: path.string)
        }
    } catch {
        throw LabError("cannot remove \(path): \(error.localizedDescription)")
    }
}

/// Renames, in place of a file that has the new name.
func rename(_ path: FilePath, to new: FilePath) throws {
    guard Glibc.rename(path.string, new.string) == 0 else {
        throw LabError("cannot rename \(path) to \(new): \(Errno(rawValue: errno))")
    }
}

/// Bytes that are free for us on the file system of a directory.
func freeBytes(_ directory: FilePath) throws -> Int64 {
    var information = statvfs()
    guard statvfs(directory.string, &information) == 0 else {
        throw LabError("cannot ask for the free space of \(directory): \(Errno(rawValue: errno))")
    }
    return Int64(information.f_bavail) * Int64(information.f_frsize)
}
