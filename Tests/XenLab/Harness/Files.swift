import Foundation
import Glibc
import SystemPackage
import TestSupport

/// The text of a file, or nothing where there is none.
func textIfAny(_ file: FilePath) -> String {
    (try? readText(file)) ?? ""
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

func remove(_ path: FilePath) throws {
    do {
        if fileExists(path) { try FileManager.default.removeItem(atPath: path.string) }
    } catch {
        throw LabError("cannot remove \(path): \(error.localizedDescription)")
    }
}

/// Gives what is finished the name under which later runs find it, in place of a file that has that name. After a power
/// cut it is whole or not there.
func keep(_ path: FilePath, as new: FilePath) throws {
    sync()
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
