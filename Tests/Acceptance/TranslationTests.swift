import SystemPackage
import TestSupport
import Testing

/// Guests of other toolstacks: export and import.
@Suite("translation")
struct TranslationTests {
    // Where there is no other guest's configuration.
    private static func none(_ workspace: Workspace) throws { try makeDirectories(workspace.files.appending("none")) }

    private static func configuration(_ workspace: Workspace) throws -> (file: FilePath, disk: FilePath) {
        try none(workspace)
        let disk = try workspace.file("old.img", "data")
        let kernel = workspace.files.appending("vmlinuz")
        try writeFile(kernel, KernelFiles.kernel(version: "6.1.0-1-amd64"))
        let file = try workspace.file(
            "old.cfg",
            """
            # of 2015
            name = "old1"
            type = "pvh"
            kernel = "\(kernel)"
            cmdline = "root=/dev/xvda1 ro"
            memory = 512
            disk = ["\(disk),raw,xvda1,rw"]
            vif = ["mac=00:16:3e:01:02:03,bridge=xenbr0,ip=192.0.2.7"]

            """)
        return (file, disk)
    }

    @Test("a configuration becomes a libvirt domain, and that becomes one that says the same")
    func roundTrip() async throws {
        try await withWorkspace { workspace in
            let (file, disk) = try Self.configuration(workspace)
            let text = try await workspace.run(["export", file.string]).orThrow().standardOutput
            let xml = try workspace.file("old.xml", text)
            for part in ["<domain type='xen'>", "machine='xenpvh'", "vmlinuz</kernel>", disk.string] {
                #expect(text.contains(part), "\(part) in \(text)")
            }
            try await workspace.run(["import", xml.string, "--output=\(workspace.configurations)"]).orThrow()
            let back = try XlText(workspace.configuration(of: "old1"))
            #expect(back["type"] == "pvh" && back["kernel"]?.hasSuffix("/vmlinuz") == true && back["memory"] == "512")
            #expect(back["cmdline"] == "root=/dev/xvda1 ro")
            #expect(back.list("vif").first?.contains("mac=00:16:3E:01:02:03,bridge=xenbr0,ip=192.0.2.7") == true)
            let outcome = try await workspace.run(["delete", "old1"]).orThrow()
            #expect(outcome.standardError.contains("\(disk) stays"))
            #expect(fileExists(disk) && !fileExists(workspace.configuration(of: "old1")))
        }
    }

    @Test("what a libvirt domain cannot say is named, by its line")
    func notes() async throws {
        try await withWorkspace { workspace in
            let (file, _) = try Self.configuration(workspace)
            try writeFile(file, try readText(file) + "pool = \"fast\"\n")
            let outcome = try await workspace.run(["export", file.string]).orThrow()
            #expect(outcome.standardOutput.hasPrefix("<domain type='xen'>"))
            #expect(outcome.standardError.contains("\(file):9: \"pool\""), "\(outcome.standardError)")
        }
    }

    @Test("a guest that would lack a disk is not written at all")
    func refuses() async throws {
        try await withWorkspace { workspace in
            let (file, _) = try Self.configuration(workspace)
            try writeFile(file, try readText(file).replacing(",raw,xvda1,rw", with: ",raw,xvda1,rw,script=block-x"))
            let outcome = try await workspace.run(["export", file.string])
            #expect(outcome.status == 78)
            #expect(outcome.standardOutput == "")
        }
    }

    @Test(
        "an imported guest is listed, can become one of another type, and is forgotten by delete, which leaves its files"
    )
    func imports() async throws {
        try await withWorkspace { workspace in
            let (file, disk) = try Self.configuration(workspace)
            try await workspace.run(["import", file.string]).orThrow()
            let listed = try JSONList(
                await workspace.run(["list", "--json", "--output=\(workspace.files.appending("none"))"]).orThrow()
                    .standardOutput)
            #expect(listed.documents.first?["name"] as? String == "old1")
            #expect(listed.documents.first?["disks"] as? [String] == [disk.string])
            let twice = try await workspace.run(["import", file.string])
            #expect(twice.status == 73)
            let resized = try await workspace.run(["resize", "old1", "--add=1G"])
            #expect(resized.status == 69)
            try await workspace.run(["convert", "old1", "--type=pv", "--xen-version=4.17"]).orThrow()
            #expect(try readText(file).hasPrefix("# of 2015\nname = \"old1\"\ntype = \"pv\"\n"))
            let before = try readText(file)
            let outcome = try await workspace.run(["delete", "old1"]).orThrow()
            #expect(outcome.standardError.contains("\(file) stays"))
            #expect(try readText(file) == before && readText(disk) == "data")
            let empty = try JSONList(
                await workspace.run(["list", "--json", "--output=\(workspace.files.appending("none"))"]).orThrow()
                    .standardOutput)
            #expect(empty.documents.isEmpty)
        }
    }

    @Test(
        "what is no guest is refused, and nothing is noted",
        arguments: [
            ("memory = 512\n", 78, "names no guest"), ("name = \"../x\"\n", 78, "../x"),
            ("name = \"a\" b\n", 78, "x.cfg:1:12:"),
            ("<!DOCTYPE d [<!ENTITY e \"x\">]><domain type='xen'><name>&e;</name></domain>", 78, "document type"),
            ("<domain type='kvm'><name>a</name></domain>", 78, "kvm"),
            ("name = \"a\"\nkernel = \"/k\"\ndisk = [\"/nowhere.img,raw,xvda,rw\"]\n", 66, "/nowhere.img"),
        ])
    func refusesImport(text: String, status: Int32, message: String) async throws {
        try await withWorkspace { workspace in
            try Self.none(workspace)
            let file = try workspace.file("x.cfg", text)
            let outcome = try await workspace.run(["import", file.string, "--output=\(workspace.configurations)"])
            #expect(outcome.status == status)
            #expect(outcome.standardError.contains(message), "\(outcome.standardError)")
            let listed = try JSONList(
                await workspace.run(["list", "--json", "--output=\(workspace.files.appending("none"))"]).orThrow()
                    .standardOutput)
            #expect(listed.documents.isEmpty)
        }
    }
}
