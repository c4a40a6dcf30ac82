import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

/// What the kernel itself makes of the files added to an initial RAM disk.
@Suite("A booted kernel", Requirement.program("qemu-system-x86_64", "busybox", "cpio"))
struct BootedMemberTests {
    /// What the first archive starts: it tells what the second one brought.
    private static let start = """
        #!/bin/busybox sh
        export PATH=/bin
        /bin/busybox --install -s /bin
        mkdir -p /proc /dev
        mount -t proc proc /proc
        mount -t devtmpfs dev /dev 2>/dev/null
        echo BEGIN
        for name in /preseed.cfg /lib/start.d /lib/start.d/run /lib/there /link /old; do
            stat -c '%n %A %u:%g %Y' "$name"
        done
        cat /preseed.cfg /link /old
        /lib/start.d/run
        readlink /lib
        echo END
        poweroff -f
        """

    @Test(
        "unpacks both archives, whatever the first one's length, and a link stays what it is",
        NetbootPackage.isThere,
        .timeLimit(.minutes(10)), arguments: [0, 3])
    func boots(remainder: Int) async throws {
        let directory = try TemporaryDirectory("booted")
        for name in ["bin", "usr/lib"] { try makeDirectories(directory("tree").pushing(FilePath(name))) }
        let busybox = try #require(findProgram("busybox"))
        try writeFile(directory("tree/bin/busybox"), readFile(busybox), mode: 0o755)
        try writeFile(directory("tree/init"), Self.start, mode: 0o755)
        try writeFile(directory("tree/old"), "old\n")
        try writeFile(directory("tree/usr/lib/there"), "there\n")
        // cpio has no zeros behind gzip's bytes; a name in the header sets their number.
        let script = """
            ln -s usr/lib tree/lib
            (cd tree && find . | cpio --quiet -o -H newc) >plain
            for name in a aa aaa aaaa; do
                mv plain "$name" && gzip -1 "$name"
                test $(($(stat -c %s "$name.gz") % 4)) = "$1" && mv "$name.gz" initrd && exit
                gzip -dc "$name.gz" >plain
            done
            exit 1
            """
        try await run("sh", ["-ec", script, "sh", "\(remainder)"], directory: directory.path).orThrow()
        let before = try InitialRAMDisk(path: directory("initrd")).names
        let member = try RAMDiskMember(
            [
                .init(path: "preseed.cfg", contents: Array("preseeded\n".utf8), mode: 0o600),
                .init(path: "lib/start.d/run", contents: Array("#!/bin/sh\necho started\n".utf8), mode: 0o755),
                .init(path: "old", contents: Array("new\n".utf8)),
                .init(path: "link", linkTo: "preseed.cfg"),
            ], existing: before, modificationTime: 1_000_000_000)
        let disk = try FileDescriptor.open(directory("initrd"), .readWrite)
        try disk.closeAfter { _ = try member.append(to: disk) }
        let outcome = try await run(
            "qemu-system-x86_64",
            [
                "-machine", "pc", "-accel", "tcg", "-nographic", "-no-reboot", "-m", "512", "-nic", "none", "-kernel",
                NetbootPackage.fetched().kernel.string, "-initrd", directory("initrd").string, "-append",
                "console=ttyS0 panic=-1 quiet",
            ], timeout: .seconds(300)
        ).orThrow()
        let lines = outcome.standardOutput.split(whereSeparator: \.isNewline).map(String.init)
        let begin = try #require(lines.lastIndex { $0.hasSuffix("BEGIN") }, "\(outcome)")
        #expect(
            lines[begin...].dropFirst().prefix { $0 != "END" } == [
                "/preseed.cfg -rw------- 0:0 1000000000",
                "/lib/start.d drwxr-xr-x 0:0 1000000000",
                "/lib/start.d/run -rwxr-xr-x 0:0 1000000000",
                "/lib/there -rw-r--r-- 0:0 \(lines[begin...].first { $0.contains("/lib/there") }?.split(separator: " ").last ?? "")",
                "/link lrwxrwxrwx 0:0 1000000000",
                "/old -rw-r--r-- 0:0 1000000000",
                "preseeded", "preseeded", "new", "started", "usr/lib",
            ], "\(outcome)")
    }
}
