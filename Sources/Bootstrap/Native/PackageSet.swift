/// The packages of an installation, and what of one another they need.
struct PackageSet: Sendable {
    let packages: [NativePackage]
    private let providers: [String: [Int]]

    /// - Parameter packages: in the order of their numbers, from 0 on.
    init(_ packages: [NativePackage]) {
        self.packages = packages
        var providers: [String: [Int]] = [:]
        for package in packages {
            providers[package.name, default: []].append(package.number)
            for provided in PackageRelation.groups(package.stanza["provides"]).joined() {
                providers[provided.name, default: []].append(package.number)
            }
        }
        self.providers = providers
    }

    /// The packages that a field of dependencies leads to: of each group the first alternative that is in the set.
    private func targets(_ fields: [String], of package: NativePackage) -> [Int] {
        fields.flatMap { PackageRelation.groups(package.stanza[$0]) }.compactMap { group in
            for relation in group {
                for number in providers[relation.name] ?? [] where packages[number].answers(to: relation) {
                    return number
                }
            }
            return nil
        }
    }

    /// All that these packages need to work, themselves included.
    func closure(of numbers: some Sequence<Int>, by fields: [String] = ["pre-depends", "depends"]) -> Set<Int> {
        var found: Set<Int> = []
        var pending = Array(numbers)
        while let number = pending.popLast() {
            guard found.insert(number).inserted else { continue }
            pending += targets(fields, of: packages[number])
        }
        return found
    }

    /// Those that do not work without one of these, themselves included.
    func dependents(of numbers: Set<Int>) -> Set<Int> {
        if numbers.isEmpty { return [] }
        return Set(packages.map(\.number).filter { !closure(of: [$0]).isDisjoint(with: numbers) })
    }

    /// What must be there before a package is unpacked: all that its Pre-Depends lead to.
    func predependencies(of number: Int) -> Set<Int> {
        closure(of: targets(["pre-depends"], of: packages[number]))
    }

    /// These packages, each after what it needs, as far as they need each other in no circle.
    func ordered(_ numbers: Set<Int>) -> [Int] {
        var order: [Int] = []
        var seen: Set<Int> = []
        func visit(_ number: Int) {
            guard numbers.contains(number), seen.insert(number).inserted else { return }
            // What is needed earliest first; deep recursion is no worry with a chain of packages.
            for next in targets(["pre-depends"], of: packages[number]) { visit(next) }
            for next in targets(["depends"], of: packages[number]) { visit(next) }
            order.append(number)
        }
        for number in numbers.sorted() { visit(number) }
        return order
    }
}
