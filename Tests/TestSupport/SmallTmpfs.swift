import SystemPackage

/// A file system that fills up: for tests of the full disk.
package enum SmallTmpfs {
    /// The beginning of a command line that mounts a tmpfs of `mebibytes` on `directory` and runs the rest of the line
    /// there, in a mount namespace of its own: the kernel takes the mount away with the last process.
    ///
    /// `directory` is made if it is missing. What the program leaves in it is gone afterwards, so a test that looks at
    /// what is left appends the looking: `run("sh", ["-c", "\"$@\"; echo $?; find DIR", "sh", ...])`.
    package static func prefix(mebibytes: Int, at directory: FilePath) -> [String] {
        let script = "mkdir -p \"$1\" && mount -t tmpfs -o size=\(mebibytes)M tmpfs \"$1\" && shift && exec \"$@\""
        return ["unshare", "--mount", "sh", "-c", script, "sh", directory.string]
    }
}
