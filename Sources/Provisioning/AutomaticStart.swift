import LinuxHost
import SystemPackage

/// The links by which xendomains(8) starts a guest with the host: those in the directory `auto` beside the
/// configuration that lead to it, whatever they are called. Administrators put a number in front, for the order.
struct AutomaticStart {
    let record: GuestRecord
    let files: any FileReading

    init(of record: GuestRecord, files: any FileReading) {
        self.record = record
        self.files = files
    }

    /// Only symbolic links count: what else stands there was put there by somebody as a thing of its own.
    ///
    /// A link leads to the configuration by what it says, through other links and whether or not the file is there: one
    /// that dangles already belongs to the guest, too.
    func links() throws(HostError) -> [GuestRecord.OwnedFile] {
        let configuration = FilePath(record.configuration.path)
        let directory = configuration.removingLastComponent().appending("auto")
        var names: [String] = []
        do throws(HostError) {
            if try files.entry(at: directory) != nil { names = try files.names(in: directory) }
        } catch {
            guard error.errno == .notDirectory || error.errno == .noSuchFileOrDirectory else { throw error }
        }
        guard !names.isEmpty, let goal = try place(configuration) else { return [] }
        var links: [GuestRecord.OwnedFile] = []
        for name in names {
            let path = directory.appending(name)
            guard let entry = try files.entry(at: path), entry.kind == .symbolicLink, try leads(path, to: goal) else {
                continue
            }
            links.append(.init(path: path, identity: entry.identity))
        }
        return links
    }

    private func leads(_ link: FilePath, to goal: FilePath) throws(HostError) -> Bool {
        var next = link
        // As many as the kernel follows.
        for _ in 0..<40 {
            guard let here = try place(next) else { return false }
            if here == goal { return true }
            guard let entry = try files.entry(at: here), entry.kind == .symbolicLink else { return false }
            next = here.removingLastComponent().pushing(try files.target(ofLink: here))
        }
        return false
    }

    /// A path with its directory resolved, and its last name as it is; nil where there is no such directory.
    private func place(_ path: FilePath) throws(HostError) -> FilePath? {
        guard case .regular? = path.lastComponent?.kind, let name = path.lastComponent else { return nil }
        do throws(HostError) {
            return try files.resolved(path.removingLastComponent()).appending(name)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory?, .notDirectory?, .tooManySymbolicLinkLevels?, .permissionDenied?: return nil
            default: throw error
            }
        }
    }
}
