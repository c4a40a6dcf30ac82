import Archives

/// What has been found and done so far.
actor UnpackLedger {
    struct Done: Sendable {
        let files: UnpackedFiles
        /// MD5 of its files by their names, where the package brings none.
        let digests: [[UInt8]: String]?
    }

    private(set) var contents: [Int: PackageContents] = [:]
    private(set) var unpacked: [Int: Done] = [:]
    private var waiters: [(missing: Set<Int>, continuation: CheckedContinuation<Void, any Error>)] = []
    private var failure: (any Error)?

    func opened(_ number: Int, _ contents: PackageContents) { self.contents[number] = contents }

    func unpacked(_ number: Int, _ files: UnpackedFiles, digests: [[UInt8]: String]?) {
        unpacked[number] = Done(files: files, digests: digests)
        for index in waiters.indices { waiters[index].missing.remove(number) }
        for waiter in waiters where waiter.missing.isEmpty { waiter.continuation.resume() }
        waiters.removeAll(where: \.missing.isEmpty)
    }

    /// Whoever waits need not.
    func fail(_ error: any Error) {
        failure = failure ?? error
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
        waiters = []
    }

    /// Waits until all of them are unpacked.
    func wait(for numbers: Set<Int>) async throws {
        if let failure { throw failure }
        let missing = numbers.subtracting(unpacked.keys)
        if missing.isEmpty { return }
        try await withCheckedThrowingContinuation { waiters.append((missing, $0)) }
    }
}
