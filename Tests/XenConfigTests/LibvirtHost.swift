import Foundation
import SystemPackage
import TestSupport
import Testing

/// libvirt's daemon with its Xen driver, as they are installed, on a machine without Xen: libxl answers for a host that
/// is made up (Tests/Oracles/libxl-without-xen.c).
struct LibvirtHost {
    /// What becomes of a domain.
    struct Answer {
        /// The configuration that the driver makes of it (`virsh domxml-to-native xen-xl`); nil where it refuses.
        let native: String?
        /// What it hands to libxl to be created, by path: `.disks[0].vdev`; nil where it comes to no such thing.
        let created: [String: String]?
        let errors: String
    }

    private static let modules = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map {
        FilePath("/usr/lib/\($0)/libvirt/connection-driver/libvirt_driver_libxl.so")
    }

    static var isHere: ConditionTrait {
        let isHere =
            modules.contains(where: fileExists) && findProgram("libvirtd") != nil && findProgram("virsh") != nil
            && fileExists("/usr/include/libxl.h")
        return .enabled(if: isHere, "needs libvirt-clients, libvirt-daemon-driver-xen and libxen-dev")
    }

    /// The xl of xen-utils itself; what is in the path is a script that wants a Xen.
    static let xl: FilePath? = {
        let places = (try? directoryNames("/usr/lib"))?.filter { $0.hasPrefix("xen-") }.sorted() ?? []
        return places.map { FilePath("/usr/lib/\($0)/bin/xl") }.last(where: fileExists)
    }()

    private let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory("libvirt")
        let source = FilePath(#filePath).removingLastComponent().pushing("../Oracles/libxl-without-xen.c")
        try await run(
            "clang",
            [
                "-Wall", "-Werror", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", directory("libxl.so").string,
                source.string, "-lxenlight", "-ldl",
            ]
        ).orThrow()
        try makeDirectories(directory("drivers"))
        let module = try #require(Self.modules.first(where: fileExists))
        try await run("ln", ["-s", module.string, directory("drivers").string]).orThrow()
    }

    /// In a mount namespace, so that the daemon's files and sockets are no one else's and go with it.
    private static let script = """
        cd "$1" || exit 1
        for place in /run /etc/libvirt /var/lib /var/log /var/cache; do mount -t tmpfs tmpfs "$place" || exit 1; done
        echo 'nested_hvm = 1' >/etc/libvirt/libxl.conf
        export LIBVIRT_DRIVER_DIR="$1/drivers" LIBXL_CONFIGURATION=/run/created
        LD_PRELOAD="$1/libxl.so" libvirtd --timeout 300 2>daemon.log &
        daemon=$!
        tries=0
        until virsh -q -c xen:///system uri >/dev/null 2>&1; do
            tries=$((tries + 1))
            if [ $tries -ge 200 ] || ! kill -0 $daemon; then cat daemon.log >&2; exit 1; fi
            sleep 0.1
        done
        for document in *.xml; do
            name="${document%.xml}"
            virsh -q -c xen:///system domxml-to-native xen-xl "$document" >"$name.native" 2>"$name.errors"
            echo $? >"$name.status"
            virsh -q -c xen:///system create "$document" 2>>"$name.errors" >&2
            if [ -e /run/created ]; then mv /run/created "$name.json"; fi
        done
        kill $daemon
        wait $daemon
        exit 0
        """

    /// Gives domains to the driver, one after the other.
    func answers(to documents: [String]) async throws -> [Answer] {
        for (index, document) in documents.enumerated() { try writeFile(directory("\(1000 + index).xml"), document) }
        try await run(
            "unshare", ["--mount", "sh", "-c", Self.script, "sh", directory.path.string], timeout: .seconds(300)
        ).orThrow()
        return try documents.indices.map { index in
            let name = "\(1000 + index)"
            let isNative = try readText(directory("\(name).status")) == "0\n"
            let json = directory("\(name).json")
            return Answer(
                native: isNative ? try readText(directory("\(name).native")) : nil,
                created: fileExists(json) ? try Self.flat(readText(json)) : nil,
                errors: try readText(directory("\(name).errors")))
        }
    }

    /// What xl hands to libxl of a configuration.
    func created(byXL configuration: String) async throws -> [String: String] {
        let xl = try #require(Self.xl)
        try writeFile(directory("xl.cfg"), configuration)
        let outcome = try await run(
            xl.string, ["-N", "create", directory("xl.cfg").string],
            environment: ["LD_PRELOAD": directory("libxl.so").string]
        ).orThrow()
        return try Self.flat(String(outcome.standardOutput.drop { $0 != "{" }))
    }

    private static func flat(_ json: String) throws -> [String: String] {
        var values: [String: String] = [:]
        func add(_ value: Any, at path: String) {
            switch value {
            case let group as [String: Any]: for (key, inner) in group { add(inner, at: "\(path).\(key)") }
            case let list as [Any]: for (index, inner) in list.enumerated() { add(inner, at: "\(path)[\(index)]") }
            default: values[path] = "\(value)"
            }
        }
        add(try JSONSerialization.jsonObject(with: Data(json.utf8)), at: "")
        return values
    }
}
