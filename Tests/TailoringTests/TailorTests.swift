import FakeHost
import GuestModel
import LinuxHost
import Testing

@testable import Tailoring

@Suite("How hooks and roles are run")
struct TailorTests {
    private let tailor = Tailor(
        helper: "/libexec/domus-chroot", root: "/site/root", environment: sampleEnvironment(Sample.guest()),
        paths: samplePaths, timeout: 1800)

    private let confinement = [
        "--root=/site/root", "--mount-kernel-fs", "--bind=/etc/resolv.conf:@/etc/resolv.conf", "--read-only-host",
        "--writable=/site/scratch", "--provide=/hooks/common.sh:/usr/share/xen-tools/common.sh", "--ignore-sync",
        "--pid-namespace",
        "--allow-unprivileged", "--",
    ]

    @Test("a hook gets the root, on a host that it can only read", arguments: [true, false])
    func hook(isStock: Bool) {
        let hook = Hook(name: "40-x", phase: .guest, path: "/hooks/guest/40-x", isStock: isStock)
        #expect(
            tailor.invocation(of: hook)
                == Invocation(
                    "/libexec/domus-chroot", confinement + ["/hooks/guest/40-x", "/site/root"],
                    environment: tailor.environment.variables, input: .lifeline, timeout: 1800))
    }

    @Test("a role gets the users' arguments behind the root")
    func role() {
        #expect(
            tailor.invocation(ofRole: "/role.d/web", arguments: ["a b", "--c"])
                == Invocation(
                    "/libexec/domus-chroot", confinement + ["/role.d/web", "/site/root", "a b", "--c"],
                    environment: tailor.environment.variables, input: .lifeline, timeout: 1800))
    }

    @Test("a program of the guest runs in it, with nothing of the hooks' environment, its secret on its input alone")
    func inGuest() {
        let input = Array("root:s3cret\n".utf8)
        let invocation = tailor.invocation(inGuest: "chpasswd", ["-c", "SHA512"], input: input)
        #expect(
            invocation
                == Invocation(
                    "/libexec/domus-chroot",
                    [
                        "--root=/site/root", "--enter", "--mount-kernel-fs",
                        "--bind=/etc/resolv.conf:@/etc/resolv.conf",
                        "--read-only-host", "--writable=/site/scratch", "--ignore-sync", "--pid-namespace",
                        "--allow-unprivileged",
                        "--stdin",
                        "--", "chpasswd", "-c", "SHA512",
                    ],
                    environment: [
                        "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    ], input: .bytes(input), timeout: 1800))
        #expect(!invocation.commandLine.contains("s3cret"))
    }

    @Test("without a resolver on the host none is lent")
    func noResolver() {
        var tailor = tailor
        tailor.paths.hostResolver = nil
        let hook = Hook(name: "40-x", phase: .guest, path: "/h", isStock: true)
        #expect(!tailor.invocation(of: hook).arguments.contains { $0.hasPrefix("--bind=") })
    }
}
