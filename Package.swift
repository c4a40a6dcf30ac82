// swift-tools-version: 6.2
import PackageDescription

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A room of the house: it may import only those that stand before it in the list below (see the test
/// ArchitectureTests, which holds the sources against this file).
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies)
}

let package = Package(
    name: "domus",
    products: [
        .executable(name: "domus", targets: ["domus"]),
        .executable(name: "domus-chroot", targets: ["domus-chroot"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        // Two that are loaded when they are first used, by their headers alone.
        .target(name: "CLVM", dependencies: ["CLinux"]),
        .target(name: "CParted", dependencies: ["CLinux"]),
        // Its header comes with libc6-dev.
        .systemLibrary(name: "CCrypt"),
        .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),

        room("GuestModel", [system]),
        room("LinuxHost", ["CCrypt", "CLinux", "GuestModel", crypto, subprocess, system]),
        room("Templating", [mustache]),
        room("Settings", ["GuestModel", system]),
        room("XenConfig", ["CXML", "GuestModel", "Templating", system]),
        room("Archives", ["CArchive", "CLinux", crypto, system]),
        room("Partitions", ["CParted", system]),
        room("LogicalVolumes", ["CLVM", "GuestModel", "LinuxHost"]),
        room("Storage", ["GuestModel", "LinuxHost", system]),
        room("Tailoring", ["GuestModel", "LinuxHost", "Storage", system]),
        room("Bootstrap", ["Archives", "GuestModel", "LinuxHost", crypto, system]),
        room(
            "Installer",
            ["Archives", "GuestModel", "LinuxHost", "Templating", "XenConfig", crypto, system]),
        room(
            "Provisioning",
            [
                "Archives", "Bootstrap", "GuestModel", "Installer", "LinuxHost", "Partitions", "Storage", "Tailoring",
                "Templating", "XenConfig", crypto, grdb, system,
            ]),
        room(
            "Commands",
            [
                "Archives", "Bootstrap", "GuestModel", "Installer", "LinuxHost", "LogicalVolumes", "Provisioning",
                "Settings", "Storage", "Tailoring", "XenConfig", argumentParser, crypto, system,
            ]),
        .executableTarget(name: "domus", dependencies: ["Commands"], swiftSettings: strict),
        // It is started some twenty times for a guest, and a dynamic linker takes as long as its work.
        .executableTarget(
            name: "domus-chroot", dependencies: ["CLinux"], swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-static-executable"], .when(configuration: .release))]),

        .target(name: "TestSupport", dependencies: [system], path: "Tests/TestSupport", swiftSettings: strict),
        tests("TestSupportTests", ["TestSupport", system]),
        tests("GuestModelTests", ["GuestModel"]),
        tests("LinuxHostTests", ["LinuxHost", "GuestModel", "TestSupport", system]),
        tests("TemplatingTests", ["Templating"]),
        tests("SettingsTests", ["Settings", "GuestModel", system]),
        .testTarget(
            name: "XenConfigTests", dependencies: ["XenConfig", "GuestModel", "Templating", "TestSupport", system],
            // Files that its tests compare with.
            exclude: ["Golden"]),
        tests("ArchivesTests", ["Archives", "TestSupport", system]),
        tests("PartitionsTests", ["Partitions", system]),
        tests("LogicalVolumesTests", ["GuestModel", "LinuxHost", "LogicalVolumes", "TestSupport"]),
        .target(
            name: "FakeHost", dependencies: ["GuestModel", "LinuxHost", system], path: "Tests/FakeHost",
            swiftSettings: strict),
        tests("StorageTests", ["Storage", "FakeHost", "GuestModel", "LinuxHost", "TestSupport", system]),
        tests(
            "TailoringTests", ["Tailoring", "FakeHost", "GuestModel", "LinuxHost", "Storage", "TestSupport", system]),
        tests("BootstrapTests", ["Bootstrap", "FakeHost", "GuestModel", "LinuxHost", "TestSupport", system]),
        tests(
            "InstallerTests", ["Installer", "FakeHost", "GuestModel", "LinuxHost", "TestSupport", system]),
        tests(
            "ProvisioningTests",
            [
                "Provisioning", "Bootstrap", "FakeHost", "GuestModel", "LinuxHost", "Storage", "Tailoring",
                "TestSupport", "XenConfig", system,
            ]),
        tests(
            "CommandsTests", ["Commands", "GuestModel", "LinuxHost", "Provisioning", "Settings", "TestSupport", system]),
        tests("ChrootHelperTests", ["CLinux", "domus-chroot"]),
        .testTarget(
            name: "AcceptanceTests", dependencies: ["TestSupport", "domus", "domus-chroot", system],
            path: "Tests/Acceptance"),
        tests("ArchitectureTests", []),

        // A real Xen host in emulation: make check-xen.
        .executableTarget(
            name: "xen-lab", dependencies: ["LinuxHost", "TestSupport", argumentParser, crypto, system],
            path: "Tests/XenLab/Harness",
            swiftSettings: strict),
        // The comparison with peers: make bench.
        .executableTarget(
            name: "bench", dependencies: ["TestSupport", argumentParser, system], path: "Benchmarks/Harness",
            swiftSettings: strict),
        tests("XenLabTests", ["xen-lab", "LinuxHost", system]),
    ],
    swiftLanguageModes: [.v6]
)
