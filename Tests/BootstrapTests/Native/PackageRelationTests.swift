import LinuxHost
import TestSupport
import Testing

@testable import Bootstrap

@Suite("Versions and relations of packages")
struct PackageRelationTests {
    private static let versions = [
        "1", "1.0", "1.0-1", "1.0-1+b1", "1.0~rc1", "1.0~rc1-1", "1.0~~", "1.0.1", "1.10", "1.9", "1:0.1", "0:1.0",
        "2:1",
        "1.0a", "1.0+dfsg", "1.0+dfsg-1~deb12u1", "1.0+dfsg-1", "1.001", "1.0-0", "1.0-0ubuntu1", "1.0-1.1",
        "20230401", "3.0.0~beta2-1", "1.0.", "1.0-1-1", "5.4.1-1+deb12u2",
    ]

    @Test("versions are in dpkg's own order", Requirement.program("dpkg"))
    func order() async throws {
        for left in Self.versions {
            for right in Self.versions {
                let isLess = DebianVersion(left) < DebianVersion(right)
                let answer = try await run("dpkg", ["--compare-versions", left, "lt", right])
                #expect(isLess == (answer.status == 0), "\(left) < \(right)")
                #expect(
                    (DebianVersion(left) == DebianVersion(right))
                        == !(isLess || DebianVersion(right) < DebianVersion(left)))
            }
        }
    }

    @Test(
        "a relation is read whatever stands in it",
        arguments: [
            ("libc6 (>= 2.36)", "libc6", PackageRelation.Comparison.notEarlier, "2.36"),
            ("libc6(>>2.36)", "libc6", .later, "2.36"), ("  python3:any", "python3", nil, ""),
            ("gcc-12-base (= 12.2.0-14+deb12u1)", "gcc-12-base", .equal, "12.2.0-14+deb12u1"),
            ("old (< 1)", "old", .notLater, "1"), ("x (<= 1:2) [amd64]", "x", .notLater, "1:2"),
            ("x [amd64 !i386]", "x", nil, ""), ("libstdc++6:amd64 (<< 5) <!nocheck>", "libstdc++6", .earlier, "5"),
        ] as [(String, String, PackageRelation.Comparison?, String)]
    )
    func relation(text: String, name: String, comparison: PackageRelation.Comparison?, version: String) throws {
        let relation = try #require(PackageRelation(text))
        #expect(relation.name == name)
        #expect(relation.comparison == comparison)
        #expect(relation.version == version)
    }

    @Test("a field is groups of alternatives, continued lines and empty places included")
    func groups() {
        let groups = PackageRelation.groups("a, b (>= 1) | c,\n d | e | f, ,")
        #expect(groups.map { $0.map(\.name) } == [["a"], ["b", "c"], ["d", "e", "f"]])
        #expect(PackageRelation.groups(nil).isEmpty)
    }

    @Test("versions are compared as the sign says")
    func admits() throws {
        for (text, good, bad) in [
            ("x (>= 2)", ["2", "2.1", "1:0"], ["2~rc1", "1.9"]), ("x (<< 2)", ["2~rc1", "1"], ["2", "3"]),
            ("x (= 2)", ["2", "0:2"], ["2-1", "2.0"]), ("x (>> 2)", ["2-1"], ["2"]), ("x (<= 2)", ["2"], ["2.0-1"]),
            ("x", ["0", "9"], []),
        ] {
            let relation = try #require(PackageRelation(text))
            for version in good { #expect(relation.admits(version), "\(text): \(version)") }
            for version in bad { #expect(!relation.admits(version), "\(text): \(version)") }
        }
    }
}

@Suite("The packages of an installation")
struct PackageSetTests {
    private func set(_ stanzas: [String]) throws -> PackageSet {
        PackageSet(
            try stanzas.enumerated().map { number, text in
                try #require(
                    NativePackage(
                        number: number,
                        stanza: Stanza(
                            text + "\nArchitecture: amd64\nSize: 10\nSHA256: \(String(repeating: "0", count: 64))\n"),
                        file: "x.deb"))
            })
    }

    private func names(_ numbers: some Sequence<Int>, _ set: PackageSet) -> [String] {
        numbers.map { set.packages[$0].name }
    }

    @Test("what a package needs is found by name, by provision with its version, and through circles")
    func closure() throws {
        let set = try set([
            "Package: base\nVersion: 1\nPre-Depends: awk\nDepends: missing | c (>= 2) | d",
            "Package: mawk\nVersion: 1\nProvides: awk\nDepends: libc (>= 2.0)",
            "Package: c\nVersion: 1",
            "Package: d\nVersion: 1\nDepends: base",
            "Package: glibc\nVersion: 9\nProvides: libc (= 2.1)",
            "Package: other\nVersion: 1\nProvides: libc",
        ])
        #expect(names(set.closure(of: [0]).sorted(), set) == ["base", "mawk", "d", "glibc"])
        #expect(names(set.predependencies(of: 0).sorted(), set) == ["mawk", "glibc"])
        #expect(set.predependencies(of: 4).isEmpty)
        #expect(names(set.ordered(set.closure(of: [0])), set) == ["glibc", "mawk", "d", "base"])
    }

    @Test("one package's files take another's place only when it says so")
    func replaces() throws {
        let set = try set([
            "Package: new\nVersion: 2\nReplaces: old (<< 2), virtual", "Package: old\nVersion: 1",
            "Package: older\nVersion: 1\nProvides: virtual", "Package: old\nVersion: 2",
        ])
        let packages = set.packages
        #expect(packages[0].replaces(packages[1]))
        #expect(packages[0].replaces(packages[2]))
        #expect(!packages[0].replaces(packages[3]))
        #expect(!packages[1].replaces(packages[0]))
    }

    @Test("a name that could be a path or an option is none")
    func badNames() {
        for name in ["../x", "a/b", "-x", "", "A", "x y"] {
            let text = "Package: \(name)\nVersion: 1\nArchitecture: all\nSize: 1\nSHA256: 0\n"
            #expect(NativePackage(number: 0, stanza: Stanza(text), file: "x.deb") == nil, "\(name)")
        }
    }
}

@Suite("An archive's index of packages")
struct PackageIndexTests {
    @Test("is read without losing a stanza at either end, or between two of one name")
    func index() {
        let text = """
            Package: first
            Version: 1
            Essential: yes
            Priority: required
            Description: of the first
             Package: not-one

            Package: second
            Priority: important
            Version: 1

            Package: second
            Version: 2
            Priority: optional


            Package: last
            Priority: standard
            Version: 3
            """
        let index = PackageIndex(Array(text.utf8))
        #expect(index.essential == ["first"])
        #expect(index.byPriority == ["required": ["first"], "important": ["second"], "standard": ["last"]])
        #expect(index.stanzas(of: "second").compactMap { $0["version"] } == ["1", "2"])
        #expect(index.stanzas(of: "last").compactMap { $0["version"] } == ["3"])
        #expect(index.stanzas(of: "first").first?["description"] == "of the first\n Package: not-one")
        #expect(index.stanzas(of: "not-one").isEmpty)
        #expect(PackageIndex([]).essential.isEmpty)
    }

    @Test("is narrowed to what may be needed, by any alternative and any provider")
    func closure() {
        let main = PackageIndex(
            Array(
                """
                Package: a
                Depends: b (>= 1) | c, virtual

                Package: b
                Version: 1

                Package: b
                Version: 2
                Pre-Depends: deep

                Package: c
                Version: 1

                Package: d
                Provides: other (= 1), virtual:any, more
                Version: 1

                Package: unrelated
                Depends: a

                """.utf8))
        let updates = PackageIndex(Array("Package: deep\nProvides: a\nDepends: deeper".utf8))
        let names = PackageIndex.closure(of: ["a"], in: [main, updates])
        #expect(names.isSuperset(of: ["a", "b", "c", "d", "deep", "deeper", "virtual"]))
        #expect(!names.contains("unrelated"))
        let narrowed = PackageIndex(main.text(of: names))
        #expect(narrowed.stanzas(of: "b").compactMap { $0["version"] } == ["1", "2"])
        #expect(narrowed.stanzas(of: "d").first?["provides"] == "other (= 1), virtual:any, more")
        #expect(narrowed.stanzas(of: "unrelated").isEmpty)
        #expect(PackageIndex(updates.text(of: names)).stanzas(of: "deep").count == 1)
    }

    @Test("a stanza keeps continued lines, and ignores what is no field")
    func stanza() {
        let stanza = Stanza("Package: a \nDepends: b,\n c\nnonsense\n continued\nConffiles:\n /etc/x 1\n")
        #expect(stanza["package"] == "a")
        #expect(stanza["depends"] == "b,\n c")
        #expect(stanza["conffiles"] == "\n /etc/x 1")
        #expect(stanza["nonsense"] == nil)
    }
}
