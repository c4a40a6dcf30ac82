import SystemPackage
import TestSupport
import Testing

@Suite("network", Requirement.bootstrapping)
struct NetworkTests {
    @Test("several fixed addresses, IPv6 among them, come to the guest, the configuration and the summary")
    func fixed() async throws {
        try await withWorkspace { workspace in
            let outcome = try await workspace.createTiny(
                "web1",
                [
                    "--ip=192.0.2.10", "--ip=192.0.2.11", "--ip=2001:db8::10/64", "--netmask=255.255.255.0",
                    "--gateway=192.0.2.1", "--gateway=2001:db8::1", "--broadcast=192.0.2.255",
                    "--nameserver=192.0.2.53", "--nameserver=2001:db8::53", "--bridge=br0", "--vifname=vif-web1",
                ]
            ).orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            let interfaces = try await root.text("/etc/network/interfaces") ?? ""
            for line in [
                "    address 192.0.2.10\n", "192.0.2.11/24", "    address 2001:db8::10\n",
                "    netmask 255.255.255.0\n",
                "    gateway 192.0.2.1\n", "    gateway 2001:db8::1\n", "    broadcast 192.0.2.255\n",
            ] {
                #expect(interfaces.contains(line), "\(interfaces)")
            }
            #expect(!interfaces.contains("dhcp"))
            let resolver = try await root.text("/etc/resolv.conf") ?? ""
            #expect(resolver.contains("nameserver 192.0.2.53\nnameserver 2001:db8::53\n"))
            let hosts = try await root.text("/etc/hosts") ?? ""
            #expect(hosts.contains("192.0.2.10 web1\n") && hosts.contains("2001:db8::10 web1\n"))

            let vif = XlText.fields(try #require(XlText(workspace.configuration(of: "web1")).list("vif").first))
            #expect(vif["bridge"] == "br0")
            #expect(vif["vifname"] == "vif-web1")
            #expect(vif["ip"] == "192.0.2.10 192.0.2.11 2001:db8::10", "\(vif)")
            let addresses = Summary(outcome.standardOutput)["IP Address(es)"] ?? ""
            for address in ["192.0.2.10", "192.0.2.11", "2001:db8::10"] { #expect(addresses.contains(address)) }
        }
    }

    @Test("a name with its domain, and an Ethernet address of the user's choice")
    func names() async throws {
        try await withWorkspace { workspace in
            let outcome = try await workspace.createTiny("web1.example.org", ["--mac=00:16:3e:00:00:2a"]).orThrow()
            let root = GuestImage(workspace.images(of: "web1.example.org").appending("disk.img"))
            #expect(try await root.text("/etc/hostname") == "web1\n")
            #expect(try await root.text("/etc/hosts")?.contains("127.0.1.1 web1.example.org web1\n") == true)
            #expect(Summary(outcome.standardOutput)["MAC Address"] == "00:16:3E:00:00:2A")
            let configuration = try XlText(workspace.configuration(of: "web1.example.org"))
            #expect(configuration["name"] == "web1.example.org")
            #expect(configuration.list("vif") == ["mac=00:16:3E:00:00:2A"])
        }
    }

    @Test("random Ethernet addresses differ and are Xen's")
    func randomAddress() async throws {
        try await withWorkspace { workspace in
            var seen: Set<String> = []
            for _ in 0..<3 {
                let words = try await workspace.tiny("web1", ["--randommac", "--dumpconfig"])
                let line = try await workspace.run(words).orThrow().standardOutput.split(separator: "\n")
                    .first { $0.hasPrefix("mac = ") }
                #expect(line?.hasPrefix("mac = 00:16:3E:") == true)
                seen.insert(String(line ?? ""))
            }
            #expect(seen.count == 3)
        }
    }
}
