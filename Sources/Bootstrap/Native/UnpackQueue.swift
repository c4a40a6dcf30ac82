/// What is ready to be unpacked, the urgent first.
actor UnpackQueue {
    private var ready: [(number: Int, rank: Int)] = []
    private var waiting: [CheckedContinuation<Int?, Never>] = []
    private var isClosed = false

    /// - Parameter rank: lower ones come first.
    func add(_ number: Int, rank: Int) {
        if let waiter = waiting.popLast() {
            waiter.resume(returning: number)
            return
        }
        let place = ready.firstIndex { $0.rank > rank } ?? ready.endIndex
        ready.insert((number, rank), at: place)
    }

    /// No more are coming.
    func close() {
        isClosed = true
        for waiter in waiting { waiter.resume(returning: nil) }
        waiting = []
    }

    /// The next one; nil when all have been taken.
    func next() async -> Int? {
        if !ready.isEmpty { return ready.removeFirst().number }
        if isClosed { return nil }
        return await withCheckedContinuation { waiting.append($0) }
    }
}
