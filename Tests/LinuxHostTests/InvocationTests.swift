import LinuxHost
import Testing

@Suite("Command lines as values")
struct InvocationTests {
    @Test(
        "words are quoted as a shell has to read them",
        arguments: [
            ("plain", "plain"), ("/a/b-c_d.e:f=g,h%j+k", "/a/b-c_d.e:f=g,h%j+k"), ("a@b", "a@b"),
            ("", "''"), ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("$HOME", "'$HOME'"), ("*", "'*'"),
        ])
    func quoting(word: String, expected: String) {
        #expect(Invocation.quoted(word) == expected)
    }

    @Test("the input is not part of the command line")
    func secret() {
        let invocation = Invocation("chpasswd", ["-c", "SHA512"], input: .bytes(Array("root:secret".utf8)))
        #expect(invocation.commandLine == "chpasswd -c SHA512")
    }

    @Test("an unconfined program gets a lifeline, so that it ends with us")
    func lifeline() {
        let wrapped = Confinement(helper: "/helper").wrap(
            Invocation("true", ["x"], environment: ["A": "1"], timeout: 9))
        #expect(
            wrapped
                == Invocation(
                    "/helper", ["--pid-namespace", "--allow-unprivileged", "--", "true", "x"], environment: ["A": "1"],
                    input: .lifeline, timeout: 9))
    }

    @Test("a program with input of its own keeps it")
    func input() {
        let wrapped = Confinement(helper: "/helper", root: "/tree", entersRoot: true).wrap(
            Invocation("chpasswd", [], input: .bytes([1, 2])))
        #expect(wrapped.input == .bytes([1, 2]))
        #expect(
            wrapped.arguments == [
                "--root=/tree", "--enter", "--pid-namespace", "--allow-unprivileged", "--stdin", "--", "chpasswd",
            ])
    }

    @Test("every wish of a confinement becomes an option of the helper")
    func options() {
        let confinement = Confinement(
            helper: "/helper", root: "/tree", mountsKernelFileSystems: true,
            binds: [.init("/etc/resolv.conf", at: "@/etc/resolv.conf")], hostIsReadOnly: true, writable: ["/scratch"],
            provides: [.init("/hooks/common.sh", at: "/usr/share/xen-tools/common.sh")])
        #expect(
            confinement.wrap(Invocation("/hook", ["/tree"])).arguments == [
                "--root=/tree", "--mount-kernel-fs", "--bind=/etc/resolv.conf:@/etc/resolv.conf", "--read-only-host",
                "--writable=/scratch", "--provide=/hooks/common.sh:/usr/share/xen-tools/common.sh", "--pid-namespace",
                "--allow-unprivileged", "--", "/hook", "/tree",
            ])
    }

    @Test(
        "the kernel's refusals come with the advice that fits",
        arguments: [
            (HostError(cannot: "create /x", .noSpace), "--dir"),
            (HostError(cannot: "create /x", .permissionDenied), "root"),
            (HostError(cannot: "create /x", .readOnlyFileSystem), "read-only"),
        ])
    func hints(error: HostError, word: String) {
        #expect(error.message.hasPrefix("cannot create /x: "))
        #expect(error.hint?.contains(word) == true)
    }
}
