import Glibc

/// One end of a TCP connection that carries lines of text and never blocks.
struct HeartbeatSocket {
    let descriptor: Int32
    private var received: [UInt8] = []
    private var unsent: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    func close() { _ = Glibc.close(descriptor) }

    /// Sends a line; drops it while an earlier one is stuck (the other side is stopped).
    mutating func send(_ beat: Heartbeat) {
        flush()
        guard unsent.isEmpty else { return }
        unsent = Array((beat.line + "\n").utf8)
        flush()
    }

    private mutating func flush() {
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            unsent.removeFirst(count)
        }
    }

    /// The lines that have arrived; nil when the other side is gone.
    mutating func receive() -> [Heartbeat]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var isGone = false
        while true {
            let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                received.append(contentsOf: bytes[..<count])
                // Nobody of ours sends lines that long.
                if received.count > 1 << 20 { return nil }
                continue
            }
            if count < 0 && errno == EINTR { continue }
            isGone = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)
            break
        }
        var beats: [Heartbeat] = []
        while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
            if let beat = Heartbeat(line: String(decoding: received[..<end], as: UTF8.self)) { beats.append(beat) }
            received.removeSubrange(...end)
        }
        return isGone && beats.isEmpty ? nil : beats
    }
}

extension HeartbeatSocket {
    /// A socket that listens on a free port of every address.
    static func listen(backlog: Int) -> (descriptor: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, Int32(min(backlog, 4096))) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            _ = Glibc.close(descriptor)
            return nil
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// IPv4 addresses of this node, `127.0.0.1` first.
    static func ownAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return ["127.0.0.1"] }
        defer { freeifaddrs(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET else { continue }
            guard entry.ifa_flags & UInt32(IFF_UP) != 0 else { continue }
            var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
            let isText = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                var place = $0.pointee.sin_addr
                return inet_ntop(AF_INET, &place, &text, socklen_t(INET_ADDRSTRLEN)) != nil
            }
            if isText {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        return ["127.0.0.1"] + addresses.filter { !$0.hasPrefix("127.") }
    }

    /// Connects within `milliseconds`; nil when nobody answers.
    static func connect(to address: String, port: UInt16, milliseconds: Int32) -> HeartbeatSocket? {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let connection = HeartbeatSocket(descriptor: descriptor)
        let status = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status != 0 {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            var problem: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            guard errno == EINPROGRESS, poll(&waiting, 1, milliseconds) == 1,
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &length) == 0, problem == 0
            else {
                connection.close()
                return nil
            }
        }
        return connection
    }
}
