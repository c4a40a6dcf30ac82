/// Where a serial port of an HVM guest leads, in the words of qemu's `-serial` that libvirt has a form for
/// (xen_common.c, xenParseSxprChar; libxl_conf.c, libxlMakeChrdevStr).
enum SerialPort: Equatable {
    /// `pty`, `null`, `stdio`, `vc`.
    case plain(String)
    /// `file:/path`, `pipe:/path`.
    case path(kind: String, path: String)
    /// `/dev/ttyS0`.
    case device(String)
    /// `tcp:host:port`, `telnet:host:port,server`.
    case tcp(isTelnet: Bool, host: String, port: String, isServer: Bool)
    /// `udp:host:port@host:port`, the second the one that is listened at.
    case udp(host: String, port: String, boundHost: String, boundPort: String)
    /// `unix:/path,server`.
    case unix(path: String, isServer: Bool)

    init?(parsing text: String) {
        if text.hasPrefix("/") {
            self = .device(text)
            return
        }
        if LibvirtWords.plainPorts.contains(text) {
            self = .plain(text)
            return
        }
        let kind = String(text.prefix { $0 != ":" })
        let rest = text.dropFirst(kind.count + 1)
        let options = rest.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let target = options.first, !target.isEmpty else { return nil }
        let isServer = options.dropFirst().contains("server")
        let hasForm = options.dropFirst().allSatisfy { ["server", "nowait"].contains($0) }
        switch kind {
        case _ where LibvirtWords.pathPorts.contains(kind): self = .path(kind: kind, path: String(rest))
        case "tcp", "telnet":
            guard let (host, port) = Self.place(target[...]), hasForm else { return nil }
            self = .tcp(isTelnet: kind == "telnet", host: host, port: port, isServer: isServer)
        case "udp":
            let ends = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard let (host, port) = Self.place(ends[0]) else { return nil }
            let bound = ends.count == 2 ? Self.place(ends[1]) : ("", "")
            guard let bound else { return nil }
            self = .udp(host: host, port: port, boundHost: bound.0, boundPort: bound.1)
        case "unix":
            guard target.hasPrefix("/"), hasForm else { return nil }
            self = .unix(path: target, isServer: isServer)
        default: return nil
        }
    }

    // Behind the last colon, since an IPv6 address has others.
    private static func place(_ text: Substring) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let port = text[text.index(after: colon)...]
        return port.isEmpty ? nil : (String(text[..<colon]), String(port))
    }

    /// In xl's words.
    var text: String {
        switch self {
        case .plain(let word): word
        case .path(let kind, let path): "\(kind):\(path)"
        case .device(let path): path
        case .tcp(let isTelnet, let host, let port, let isServer):
            "\(isTelnet ? "telnet" : "tcp"):\(host):\(port)\(isServer ? ",server,nowait" : "")"
        case .udp(let host, let port, let boundHost, let boundPort):
            "udp:\(host):\(port)\(boundPort.isEmpty ? "" : "@\(boundHost):\(boundPort)")"
        case .unix(let path, let isServer): "unix:\(path)\(isServer ? ",server,nowait" : "")"
        }
    }

    /// `<serial>`.
    func element(number: Int) -> XMLElement {
        let target = XMLElement("target", ["port": String(number)])
        switch self {
        case .plain(let word): return XMLElement("serial", ["type": word], [target])
        case .path(let kind, let path):
            return XMLElement("serial", ["type": kind], [XMLElement("source", ["path": path]), target])
        case .device(let path):
            return XMLElement("serial", ["type": "dev"], [XMLElement("source", ["path": path]), target])
        case .tcp(let isTelnet, let host, let port, let isServer):
            let source = XMLElement(
                "source", ["mode": isServer ? "bind" : "connect", "host": host, "service": port])
            let kind = XMLElement("protocol", ["type": isTelnet ? "telnet" : "raw"])
            return XMLElement("serial", ["type": "tcp"], [source, kind, target])
        case .udp(let host, let port, let boundHost, let boundPort):
            let sources = [
                boundPort.isEmpty
                    ? nil : XMLElement("source", ["mode": "bind", "host": boundHost, "service": boundPort]),
                XMLElement("source", ["mode": "connect", "host": host, "service": port]),
            ]
            return XMLElement("serial", ["type": "udp"], sources + [target])
        case .unix(let path, let isServer):
            let source = XMLElement("source", ["mode": isServer ? "bind" : "connect", "path": path])
            return XMLElement("serial", ["type": "unix"], [source, target])
        }
    }
}
