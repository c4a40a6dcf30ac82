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

    /// The guest's own interface, one in a second network, one with DHCP, and one without an address.
    private static let four = [
        "--ip=192.0.2.10/24", "--ip=2001:db8::10/64", "--gateway=192.0.2.1", "--gateway=2001:db8::1",
        "--nameserver=192.0.2.53", "--mac=00:16:3e:00:00:01", "--bridge=br0",
        "--nic=bridge=br1,mac=00:16:3e:00:00:02,vifname=web1.1,ip=198.51.100.10/24,ip=2001:db8:1::10",
        "--nic=bridge=br2,mac=00:16:3e:00:00:03,dhcp", "--nic=bridge=br3,mac=00:16:3e:00:00:04",
    ]

    @Test("several interfaces come to the configuration, the summary and the lists, in their order")
    func several() async throws {
        try await withWorkspace { workspace in
            let outcome = try await workspace.createTiny("web1", Self.four).orThrow()
            #expect(
                try XlText(workspace.configuration(of: "web1")).list("vif") == [
                    "mac=00:16:3E:00:00:01,bridge=br0,ip=192.0.2.10 2001:db8::10",
                    "mac=00:16:3E:00:00:02,bridge=br1,vifname=web1.1,ip=198.51.100.10 2001:db8:1::10",
                    "mac=00:16:3E:00:00:03,bridge=br2", "mac=00:16:3E:00:00:04,bridge=br3",
                ]
            )
            let summary = Summary(outcome.standardOutput)
            #expect(summary["MAC Address"] == "00:16:3E:00:00:01")
            #expect(summary["IP Address(es)"] == "192.0.2.10/24 2001:db8::10/64")
            #expect(summary["Interface 2"] == "00:16:3E:00:00:02 on br1, 198.51.100.10/24 2001:db8:1::10/64")
            #expect(summary["Interface 3"] == "00:16:3E:00:00:03 on br2, dynamic")
            #expect(summary["Interface 4"] == "00:16:3E:00:00:04 on br3")

            let list = try await workspace.run(["list"]).orThrow().standardOutput
            let lines = """
                IP: 192.0.2.10/24 2001:db8::10/64
                MAC: 00:16:3E:00:00:01
                Interface 2: 00:16:3E:00:00:02 on br1, 198.51.100.10/24 2001:db8:1::10/64
                Interface 3: 00:16:3E:00:00:03 on br2, dynamic
                Interface 4: 00:16:3E:00:00:04 on br3

                """
            #expect(list.contains(lines), "\(list)")
            let json = try await workspace.run(["list", "--json"]).orThrow().standardOutput
            let interfaces = try #require(JSONList(json).documents.first?["interfaces"] as? [[String: Any]])
            #expect(interfaces.map { $0["mac"] as? String } == (1...4).map { "00:16:3E:00:00:0\($0)" })
            #expect(interfaces.map { $0["dhcp"] as? Bool } == [false, false, true, false])
            #expect(interfaces[1]["addresses"] as? [String] == ["198.51.100.10/24", "2001:db8:1::10/64"])
        }
    }

    @Test("several interfaces are written in the words of what manages networks in the guest", arguments: dialects)
    func words(dialect: Dialect) async throws {
        try await withWorkspace { workspace in
            var tiny = try TinyRoot()
            tiny.entries += dialect.entries
            let archive = try await tiny.asTar(in: workspace.files, name: "dialect")
            try await workspace.createTiny("web1", Self.four + ["--install-source=\(archive)"]).orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            for (path, expected) in dialect.files {
                let text = try await root.text(path)
                #expect(text == expected, "\(path): \(text ?? "is missing")")
            }
        }
    }

    @Test("a guest of another tool is listed with all interfaces of its configuration")
    func foreign() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.configuration(of: "old1"),
                "name = 'old1'\nvif = ['ip=192.0.2.9,mac=00:16:3E:00:00:01', 'mac=00:16:3E:00:00:02,bridge=br1']\n"
            )
            let list = try await workspace.run(["list"]).orThrow().standardOutput
            #expect(
                list.contains("IP: 192.0.2.9\nMAC: 00:16:3E:00:00:01\nInterface 2: 00:16:3E:00:00:02 on br1\n"),
                "\(list)"
            )
        }
    }

    @Test("a file has the further interfaces in one value, and --nic=none takes them back")
    func file() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.settings.appending("xen-tools.conf"),
                "nic = bridge=br1,mac=00:16:3e:00:00:02,dhcp bridge=br2,mac=00:16:3e:00:00:03\n"
            )
            func nics(_ more: [String]) async throws -> [String] {
                try await workspace.run(workspace.tiny("web1", ["--dumpconfig"] + more)).orThrow().standardOutput
                    .split(separator: "\n").filter { $0.hasPrefix("nic = ") }.map { String($0.dropFirst(6)) }
            }
            #expect(
                try await nics([]) == [
                    "bridge=br1,mac=00:16:3E:00:00:02,dhcp", "bridge=br2,mac=00:16:3E:00:00:03",
                ]
            )
            let other = "bridge=br9,mac=00:16:3E:00:00:09,dhcp"
            #expect(try await nics(["--nic=\(other)"]) == [other])
            #expect(try await nics(["--nic=none"]) == [])
        }
    }

    @Test("random Ethernet addresses differ and are Xen's")
    func randomAddress() async throws {
        try await withWorkspace { workspace in
            var seen: Set<String> = []
            for _ in 0..<3 {
                let words = try await workspace.tiny("web1", ["--randommac", "--nic=dhcp", "--dumpconfig"])
                let lines = try await workspace.run(words).orThrow().standardOutput.split(separator: "\n")
                let own = lines.first { $0.hasPrefix("mac = ") }?.dropFirst("mac = ".count)
                let further = lines.first { $0.hasPrefix("nic = ") }?.dropFirst("nic = mac=".count).prefix { $0 != "," }
                for address in [own, further] {
                    #expect(address?.hasPrefix("00:16:3E:") == true, "\(lines)")
                    seen.insert(String(address ?? ""))
                }
            }
            #expect(seen.count == 6)
        }
    }
}
