/// Who is told how a run goes. What is said here is for people; nothing depends on it.
package protocol Reporter: Sendable {
    /// A step begins: the number counts from 1.
    func began(_ summary: String, number: Int, of count: Int)
    /// So much of the step is done, from 0 to 1; of most steps nobody knows.
    func progressed(_ fraction: Double)
    /// The step ended well after so many seconds.
    func finished(_ summary: String, seconds: Double)
    /// The step failed, or was interrupted.
    func failed(_ summary: String)
    /// Something worth knowing that is not wrong.
    func note(_ text: String)
    /// Something that may be wrong.
    func warn(_ text: String)
}

extension Reporter {
    package func progressed(_ fraction: Double) {}
}
