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
    private var awaited: Set<Int> = []
    private var waiter: CheckedContinuation<Void, any Error>?
    private var failure: (any Error)?

    func opened(_ number: Int, _ contents: PackageContents) { self.contents[number] = contents }

    func unpacked(_ number: Int, _ files: UnpackedFiles, digests: [[UInt8]: String]?) {
        unpacked[number] = Done(files: files, digests: digests)
        awaited.remove(number)
        if awaited.isEmpty { wake(.success(())) }
    }

    /// Whoever waits need not.
    func fail(_ error: any Error) {
        failure = failure ?? error
        wake(.failure(error))
    }

    private func wake(_ result: Result<Void, any Error>) {
        waiter?.resume(with: result)
        waiter = nil
    }

    /// Waits until all of them are unpacked.
    func wait(for numbers: Set<Int>) async throws {
        if let failure { throw failure }
        awaited = numbers.subtracting(unpacked.keys)
        if awaited.isEmpty { return }
        try await withCheckedThrowingContinuation { waiter = $0 }
    }
}
