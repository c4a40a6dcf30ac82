import FakeHost
import LinuxHost
import Testing

@testable import Tailoring

@Suite("Which hooks run, and in which order")
struct HookSetTests {
    private func hooks(
        _ user: [String: UInt32] = [:],
        stock: [String] = [
            "base/20-setup-apt", "base/95-configure-locales", "guest/30-disable-gettys", "guest/50-setup-hostname",
        ]
    ) throws -> HookSet {
        var tree = FakeTree()
        tree.makeDirectories("/hooks/base")
        tree.makeDirectories("/hooks/guest")
        for path in stock { tree.put("#!/bin/sh\n", at: "/hooks/\(path)", mode: 0o755) }
        for (name, mode) in user { tree.put("#!/bin/sh\n", at: "/etc/xen-tools/hooks.d/\(name)", mode: mode) }
        return try HookSet(
            stock: "/hooks", user: "/etc/xen-tools/hooks.d", files: FakeHost(FakeMachine(tree)).host.files)
    }

    @Test("those of the base come before those of the guest, each in the order of their names")
    func order() throws {
        let hooks = try hooks()
        #expect(
            hooks.hooks.map(\.name) == [
                "20-setup-apt", "95-configure-locales", "30-disable-gettys", "50-setup-hostname",
            ])
        #expect(hooks.hooks.allSatisfy { $0.isStock })
        #expect(hooks.passedOver.isEmpty)
    }

    @Test("a user's hook takes the place of the stock one of its name, in its phase")
    func replacing() throws {
        let hooks = try hooks(["20-setup-apt": 0o755])
        #expect(hooks.hooks.count == 4)
        #expect(
            hooks.hooks[0]
                == Hook(
                    name: "20-setup-apt", phase: .base, path: "/etc/xen-tools/hooks.d/20-setup-apt", isStock: false))
    }

    @Test("a hook of a new name runs among the guest's")
    func adding() throws {
        let hooks = try hooks(["10-first": 0o755, "40-mine": 0o700])
        #expect(
            hooks.hooks.map(\.name) == [
                "20-setup-apt", "95-configure-locales", "10-first", "30-disable-gettys", "40-mine", "50-setup-hostname",
            ])
    }

    @Test("a directory that a link leads to counts; what is none is an error, and not nothing")
    func links() throws {
        var tree = FakeTree()
        tree.put("#!/bin/sh\n", at: "/hooks/guest/50-setup-hostname", mode: 0o755)
        tree.makeDirectories("/hooks/base")
        tree.put("#!/bin/sh\n", at: "/srv/git/hooks.d/77-mine", mode: 0o755)
        tree.put(link: "/srv/git/hooks.d", at: "/etc/xen-tools/hooks.d")
        func names() throws -> [String] {
            try HookSet(
                stock: "/hooks", user: "/etc/xen-tools/hooks.d", files: FakeHost(FakeMachine(tree)).host.files
            ).hooks.map(\.name)
        }
        #expect(try names() == ["50-setup-hostname", "77-mine"])
        tree.take("/srv/git")
        #expect(throws: TailoringError.self) { try names() }
        tree.take("/etc/xen-tools/hooks.d")
        #expect(try names() == ["50-setup-hostname"])
        tree.put("a file", at: "/etc/xen-tools/hooks.d")
        #expect(throws: TailoringError.self) { try names() }
    }

    @Test("a hook that would have replaced one of xen-tools', and replaces none here, is told")
    func former() throws {
        let hooks = try hooks([
            "50-setup-hostname-deb": 0o755, "55-create-dev": 0o755, "77-mine": 0o755, "30-disable-gettys": 0o755,
        ])
        let place = "/etc/xen-tools/hooks.d"
        #expect(
            hooks.remarks == [
                "\(place)/50-setup-hostname-deb was the name of a hook of xen-tools: here it runs beside "
                    + "50-setup-hostname, not in its place",
                "\(place)/55-create-dev was the name of a hook of xen-tools: here it runs in addition",
            ])
    }

    @Test(
        "what is a backup or not executable is told, and does not run",
        arguments: [
            ("40-mine~", "its name is a backup's"), ("40-mine.dpkg-old", "its name is a backup's"),
            ("40-mine.bak", "its name is a backup's"), (".40-mine.swp", "its name is a backup's"),
        ])
    func backups(name: String, reason: String) throws {
        let hooks = try hooks([name: 0o755, "41-plain": 0o644])
        #expect(hooks.hooks.allSatisfy { $0.isStock })
        #expect(
            hooks.passedOver.sorted()
                == [
                    "/etc/xen-tools/hooks.d/\(name): \(reason)",
                    "/etc/xen-tools/hooks.d/41-plain: it is not an executable file",
                ].sorted())
    }

    @Test("an installation without hooks is damaged, and says so")
    func none() {
        let error = #expect(throws: TailoringError.self) { try hooks(stock: []) }
        #expect(error?.message.contains("/hooks has none") == true)
        #expect(error?.hint != nil)
    }
}
