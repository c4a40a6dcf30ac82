import Foundation
import Glibc
import Synchronization
import SystemPackage

/// An HTTP server on 127.0.0.1 with a port of its own, for a `FixtureArchive`; also the servers that do not serve.
/// Stops when the last reference goes.
///
/// It serves the archive below any prefix (`/debian`, `/debian-security`, `/ubuntu`): what counts in a request is the
/// part from `dists/` or `pool/` on. It understands a proxy's requests too, so a program that is told to use `proxyURL`
/// finds the archive under any http host name, `http://ftp.debian.org/debian` for one.
package final class FixtureMirror: Sendable {
    /// What it does.
    package enum Behaviour: Sendable {
        /// Serves the files below a directory.
        case serving(FilePath)
        /// Accepts connections and never says anything.
        case silent
        /// Refuses connections; the port stays taken, so nobody else comes to listen there.
        case refusing
    }

    package let port: UInt16
    private let server: Server

    package init(_ behaviour: Behaviour) throws {
        server = try Server(behaviour)
        port = server.port
        if case .serving = behaviour { Thread.detachNewThread { [server] in server.run() } }
    }

    package convenience init(serving archive: FixtureArchive) throws {
        try self.init(.serving(archive.directory))
    }

    deinit { stop() }

    /// The mirror as bootstrap programs and apt sources take it.
    package var url: String { "http://127.0.0.1:\(port)/debian" }

    /// The security archive as apt sources take it.
    package var securityURL: String { "http://127.0.0.1:\(port)/debian-security" }

    /// For `http_proxy` and apt's `Acquire::http::Proxy`.
    package var proxyURL: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, in the order of their arrival: `"GET /debian/dists/bookworm/InRelease"`, or with the whole
    /// URL where the client took it for a proxy.
    package var requests: [String] { server.state.withLock { $0.requests } }

    /// Closes the port and all connections. Later calls do nothing.
    package func stop() { server.stop() }
}

private final class Server: Sendable {
    struct State {
        var requests: [String] = []
        var connections: Set<Int32> = []
        var stopped = false
    }

    let state = Mutex(State())
    let port: UInt16
    private let listener: Int32
    private let root: FilePath?
    private let places = DispatchSemaphore(value: 16)

    init(_ behaviour: FixtureMirror.Behaviour) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        var listening = true
        switch behaviour {
        case .serving(let directory):
            root = directory
            listening = listen(listener, 64) == 0
        case .silent:
            // The kernel accepts on its own until the backlog is full.
            root = nil
            listening = listen(listener, 64) == 0
        case .refusing: root = nil
        }
        port = UInt16(bigEndian: address.sin_port)
        guard bound, listening else {
            throw TestSupportError("cannot listen on 127.0.0.1: \(Errno(rawValue: errno))")
        }
    }

    deinit { close(listener) }

    func stop() {
        state.withLock { state in
            state.stopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        // Wakes the thread that accepts; the descriptor is closed when that thread lets go of the server.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    func run() {
        while true {
            places.wait()
            let connection = accept(listener, nil, nil)
            let usable = state.withLock { state -> Bool in
                if connection >= 0, !state.stopped { state.connections.insert(connection) }
                return !state.stopped
            }
            guard usable else {
                if connection >= 0 { close(connection) }
                places.signal()
                return
            }
            guard connection >= 0 else {
                places.signal()
                continue
            }
            Thread.detachNewThread { [self] in
                serve(connection)
                state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
                places.signal()
            }
        }
    }

    /// Answers the requests of one connection, which a client may send before the answers (apt does).
    private func serve(_ connection: Int32) {
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            while let request = nextRequest(in: &received) {
                guard answer(request, on: connection) else { return }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, received.count < 1 << 20 else { return }
            received += buffer[..<count]
        }
    }

    private func nextRequest(in received: inout [UInt8]) -> String? {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        defer { received.removeSubrange(..<end.upperBound) }
        return String(decoding: received[..<end.lowerBound], as: UTF8.self)
    }

    /// False when the connection is to be closed.
    private func answer(_ request: String, on connection: Int32) -> Bool {
        let words = request.prefix { $0 != "\r\n" }.split(separator: " ").map(String.init)
        guard words.count == 3 else { return false }
        state.withLock { $0.requests.append("\(words[0]) \(words[1])") }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return send("501 Not Implemented", [], on: connection)
        }
        guard let path = file(for: words[1]), let body = try? readFile(path) else {
            return send("404 Not Found", Array("not here\n".utf8), withBody: words[0] == "GET", on: connection)
        }
        return send("200 OK", body, withBody: words[0] == "GET", on: connection)
    }

    private func file(for target: String) -> FilePath? {
        guard let root, var path = target.removingPercentEncoding, !path.contains("../") else { return nil }
        for directory in ["/dists/", "/pool/"] {
            if let start = path.range(of: directory) { path = String(path[start.lowerBound...]) }
        }
        let file = root.pushing(FilePath(String(path.drop { $0 == "/" })))
        var status = stat()
        return stat(file.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? file : nil
    }

    private func send(_ status: String, _ body: [UInt8], withBody: Bool = true, on connection: Int32) -> Bool {
        let header = "HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\nConnection: keep-alive\r\n\r\n"
        var rest = (Array(header.utf8) + (withBody ? body : []))[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
