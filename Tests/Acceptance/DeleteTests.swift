import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("deleting and listing", Requirement.bootstrapping)
struct DeleteTests {
    @Test("exactly the guest goes, and what went is told")
    func delete() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web2").orThrow()
            let before = workspace.capture()
            try await workspace.createTiny("web1").orThrow()
            try writeFile(workspace.guests.pushing("domains/notes"), "mine\n")

            let dry = try await workspace.run(["delete", "web1", "--dry-run"]).orThrow()
            #expect(
                dry.standardOutput
                    == "Would delete: \(workspace.images(of: "web1"))\nWould delete: \(workspace.configuration(of: "web1"))\n"
            )
            #expect(fileExists(workspace.images(of: "web1").appending("disk.img")))

            let outcome = try await workspace.run(["delete", "web1"]).orThrow()
            #expect(
                outcome.standardOutput
                    == "Deleted: \(workspace.images(of: "web1"))\nDeleted: \(workspace.configuration(of: "web1"))\n"
            )
            let difference = workspace.capture().difference(from: before)
            #expect(difference.count == 1 && difference[0].contains("domains/notes"), "\(difference)")
            let again = try await workspace.run(["delete", "web1"])
            #expect(again.status == 66)
            #expect(again.standardError.contains("there is no guest \"web1\" that Domus made"))
        }
    }

    @Test("the links by which xendomains starts the guest go with it, and nothing else in their directory")
    func automaticStart() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            try await workspace.createTiny("web2").orThrow()
            let auto = workspace.configurations.appending("auto")
            try writeFile(auto.appending("web1.cfg"), "a copy\n")
            for (name, target) in [
                ("10-web1", "../web1.cfg"), ("web1", workspace.configuration(of: "web1").string),
                ("web2.cfg", "../web2.cfg"), ("old.cfg", "../old.cfg"),
            ] {
                symlink(target, auto.appending(name).string)
            }
            // A guest that is made again goes on to start with the host.
            try await workspace.createTiny("web1", ["--force"]).orThrow()
            #expect(
                try readText(auto.appending("10-web1")) == readText(workspace.configuration(of: "web1")))
            let before = workspace.capture()

            func lines(_ verb: String) -> String {
                [
                    workspace.images(of: "web1"), workspace.configuration(of: "web1"), auto.appending("10-web1"),
                    auto.appending("web1"),
                ].map { "\(verb): \($0)\n" }.joined()
            }
            let dry = try await workspace.run(["delete", "web1", "--dry-run"]).orThrow()
            #expect(dry.standardOutput == lines("Would delete"))
            #expect(workspace.capture().difference(from: before) == [])
            let outcome = try await workspace.run(["delete", "web1"]).orThrow()
            #expect(outcome.standardOutput == lines("Deleted"))
            let gone = workspace.capture().difference(from: before).filter { $0.contains("\(auto)/") }
            #expect(gone.count == 2 && gone.allSatisfy { $0.contains(" is gone: link ") }, "\(gone)")
            #expect(linkTarget(auto.appending("old.cfg")) == "../old.cfg", "it is not ours")
        }
    }

    @Test("of several names none is deleted when one is not known")
    func several() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let before = workspace.capture()
            let outcome = try await workspace.run(["delete", "web1", "web2"])
            #expect(outcome.status == 66)
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test(
        "a hostile name deletes nothing",
        arguments: ["", "../x", "a/b", ".", "..", "-x", "/", "web1/", "web1/../..", "*", "web\n1", "%2e%2e"]
    )
    func hostileNames(name: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--hooks=0"]).orThrow()
            let before = workspace.capture()
            for words in [["delete", "--", name], ["delete", "--hostname=\(name)"]] {
                let outcome = try await workspace.run(words)
                #expect(outcome.status == 64, "\(outcome)")
                #expect(outcome.standardError.contains("host name"), "\(outcome)")
            }
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test("an image that somebody replaced by a link goes as a link")
    func replacedImage() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let outside = try workspace.file("outside", "precious\n")
            let directory = try workspace.file("other/precious", "precious\n").removingLastComponent()
            let image = workspace.images(of: "web1").appending("disk.img")
            unlink(image.string)
            symlink(outside.string, image.string)
            symlink(directory.string, workspace.images(of: "web1").appending("more").string)
            try await workspace.run(["delete", "web1"]).orThrow()
            #expect(!fileExists(workspace.images(of: "web1")))
            #expect(try readText(outside) == "precious\n")
            #expect(try readText(directory.appending("precious")) == "precious\n")
        }
    }

    @Test("a directory that took the guest's place is left alone", arguments: [false, true])
    func replacedDirectory(byLink: Bool) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let images = workspace.images(of: "web1")
            rename(images.string, workspace.path.appending("moved").string)
            let other = byLink ? workspace.files.appending("other") : images
            try writeFile(other.appending("precious"), "precious\n")
            if byLink { symlink(other.string, images.string) }
            let outcome = try await workspace.run(["delete", "web1"]).orThrow()
            #expect(outcome.standardError.contains("\(images): it is not the one that Domus made; it was left alone"))
            #expect(outcome.standardOutput == "Deleted: \(workspace.configuration(of: "web1"))\n")
            #expect(try readText(images.appending("precious")) == "precious\n")
            #expect(try await workspace.run(["list"]).orThrow().standardOutput == "")
        }
    }

    @Test("a guest whose files somebody took away can be deleted from the records")
    func missing() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            removeTree(workspace.images(of: "web1"))
            unlink(workspace.configuration(of: "web1").string)
            let outcome = try await workspace.run(["delete", "web1"]).orThrow()
            #expect(outcome.standardError.contains("\(workspace.images(of: "web1")): it is gone"))
            #expect(try await workspace.run(["delete", "web1"]).status == 66)
        }
    }

    @Test("the list shows guests of the records, and those of xl configurations that other tools wrote")
    func list() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--ip=192.0.2.10/24", "--memory=256M"]).orThrow()
            try writeFile(
                workspace.configurations.appending("old.cfg"),
                """
                # Configuration file for the Xen instance old, created by xen-tools
                kernel      = '/boot/vmlinuz-6.1.0-9-amd64'
                vcpus       = '1'
                memory      = '128'
                disk        = [
                                  'file:/srv/xen/domains/old/disk.img,xvda2,w',
                                  'file:/srv/xen/domains/old/swap.img,xvda1,w',
                              ]
                name        = 'old'
                vif         = [ 'ip=192.0.2.9 ,mac=00:16:3E:11:22:33' ]

                """
            )
            try writeFile(workspace.configurations.appending("broken.cfg"), "name = [\n")
            let text = try await workspace.run(["list"]).orThrow()
            let blocks = text.standardOutput.split(separator: "\n\n").map(String.init)
            #expect(blocks.count == 2)
            #expect(blocks[0].hasPrefix("Name: web1\nMemory: 256 MB\nIP: 192.0.2.10/24\nMAC: 00:16:3E:"), "\(text)")
            #expect(
                blocks[1].hasPrefix("Name: old\nMemory: 128 MB\nIP: 192.0.2.9\nMAC: 00:16:3E:11:22:33\n"),
                "\(text)"
            )
            #expect(blocks[1].contains("Disk: /srv/xen/domains/old/disk.img\n"))
            #expect(text.standardError.contains("\(workspace.configurations)/broken.cfg is passed over"))

            let json = try await workspace.run(["list", "--json"]).orThrow().standardOutput
            let documents = try JSONList(json).documents
            #expect(documents.map { $0["name"] as? String } == ["web1", "old"])
            #expect(documents.map { $0["managed"] as? Bool } == [true, false])
            #expect(try await workspace.run(["delete", "old"]).status == 66, "it is not ours to delete")
            #expect(fileExists(workspace.configurations.appending("old.cfg")))
        }
    }
}
