import Glibc
import Synchronization

/// Ends the job when a rank stalls or dies, with a message that names it.
///
/// Every rank has a watching thread. Rank 0's listens; the others connect to it over TCP, beside MPI, and tell it once
/// per tick what their rank is doing; it answers, so that they notice when rank 0 itself falls silent. The threads make
/// no MPI call: to end the job, one prints the message and ends its process, upon which the launcher ends the others.
///
/// Safety: after `start` only the watching thread touches its connections; `isStopping` and the self-pipe are its
/// mailbox.
final class Watchdog: @unchecked Sendable {
    private let place: RankPlace
    private let settings: WatchdogSettings
    private let rules: WatchdogRules
    private let isStopping = Atomic<Bool>(false)
    private let isAborting = Atomic<Bool>(false)
    private var wakeUp: (read: Int32, write: Int32) = (-1, -1)
    private var thread = pthread_t()

    // Rank 0: the listening socket, the connections, and what is known of each rank.
    private var listener: Int32 = -1
    private var token = ""
    private var strangers: [HeartbeatSocket] = []
    private var connections: [(rank: Int, socket: HeartbeatSocket)] = []
    private var watched: [WatchedRank] = []
    // The others: the connection to rank 0.
    private var upward: HeartbeatSocket?
    private var root = WatchedRank(rank: 0)

    private static let running = Mutex<Watchdog?>(nil)

    private init(_ place: RankPlace, _ settings: WatchdogSettings) {
        self.place = place
        self.settings = settings
        self.rules = WatchdogRules(settings)
    }

    /// Connects the ranks and starts the threads.
    ///
    /// - Returns: nil where there is nobody to watch; the ranks that could not be connected.
    /// - Collective: every rank of the job.
    static func start(
        _ world: Communicator, _ settings: WatchdogSettings
    ) throws(MPIError) -> (watchdog: Watchdog?, unwatchedRanks: [Int]) {
        guard settings.isOn, world.size > 1 else { return (nil, []) }
        let watchdog = Watchdog(world.place, settings)
        let invitation = try world.broadcast(world.isRoot ? watchdog.open() : "")
        let isConnected = world.isRoot ? watchdog.listener >= 0 : watchdog.accept(invitation)
        let unwatched = try world.allGather([isConnected ? 1 : 0]).enumerated().filter { $1 == [0] }.map(\.offset)
        guard !unwatched.contains(0), unwatched.count < world.size - 1 else { return (nil, Array(1..<world.size)) }
        guard isConnected else { return (nil, unwatched) }
        watchdog.watched = (1..<world.size).filter { !unwatched.contains($0) }.map { WatchedRank(rank: $0) }
        guard watchdog.run() else { return (nil, unwatched) }
        running.withLock { $0 = watchdog }
        return (watchdog, unwatched)
    }

    /// The others shall not report the end of this process: it reports itself.
    static func announceAbort() {
        guard let watchdog = running.withLock({ $0 }) else { return }
        watchdog.isAborting.store(true, ordering: .releasing)
        watchdog.stop()
    }

    /// Says goodbye and ends the thread. Called after a barrier: nobody is watched any more.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        var byte: UInt8 = 1
        _ = write(wakeUp.write, &byte, 1)
        pthread_join(thread, nil)
        Self.running.withLock { $0 = nil }
    }

    // MARK: Connecting

    /// Rank 0: where it can be reached, as `token port host address…`.
    private func open() -> String {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard let (descriptor, port) = HeartbeatSocket.listen(backlog: place.size) else { return "" }
        listener = descriptor
        token =
            String(UInt64.random(in: 0...UInt64.max), radix: 36) + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return "\(token) \(port) \(place.host) " + HeartbeatSocket.ownAddresses().joined(separator: " ")
    }

    /// The others: tries rank 0's addresses; the loopback one only on the same host.
    private func accept(_ invitation: String) -> Bool {
        let parts = invitation.split(separator: " ").map(String.init)
        guard parts.count >= 4, let port = UInt16(parts[1]) else { return false }
        for address in parts[3...] where address != "127.0.0.1" || parts[2] == place.host {
            guard var socket = HeartbeatSocket.connect(to: address, port: port, milliseconds: 3000) else { continue }
            socket.send(.hello(token: parts[0], rank: place.rank, host: place.host, process: Int(getpid())))
            upward = socket
            root.host = parts[2]
            return true
        }
        return false
    }

    private func run() -> Bool {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakeUp = (ends[0], ends[1])
        let box = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context {
                    let watchdog = Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue()
                    if watchdog.place.rank == 0 { watchdog.watchOthers() } else { watchdog.watchRoot() }
                }
                return nil
            }, box.toOpaque())
        if status != 0 { box.release() }
        return status == 0
    }

    // MARK: The threads

    /// Waits for something to read, at most until the tick is over.
    private func wait(for descriptors: [Int32], until deadline: Double) {
        var entries = (descriptors + [wakeUp.read]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let milliseconds = max(0, min(1000, (deadline - Self.now()) * 1000))
        _ = poll(&entries, nfds_t(entries.count), Int32(milliseconds.rounded(.up)))
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func watchOthers() {
        var own = WatchedRank(rank: 0, host: place.host, process: Int(getpid()))
        var deadline = Self.now() + settings.tickSeconds
        while !isStopping.load(ordering: .acquiring) {
            wait(for: [listener] + strangers.map(\.descriptor) + connections.map(\.socket.descriptor), until: deadline)
            admitStrangers()
            listen()
            guard Self.now() >= deadline else { continue }
            deadline = Self.now() + settings.tickSeconds
            own.tick()
            own.hear(Heartbeat(Activity.current))
            for index in watched.indices { watched[index].tick() }
            for index in connections.indices { connections[index].socket.send(Heartbeat(Activity.current)) }
            if let verdict = rules.verdict(on: [own] + watched) { end(verdict) }
        }
        let farewell = isAborting.load(ordering: .acquiring) ? Heartbeat.aborting : .goodbye
        for index in connections.indices {
            connections[index].socket.send(farewell)
            connections[index].socket.close()
        }
        for stranger in strangers { stranger.close() }
        close(listener)
    }

    /// Takes new connections, and makes those that know the token ranks.
    private func admitStrangers() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            strangers.append(HeartbeatSocket(descriptor: descriptor))
        }
        var remaining: [HeartbeatSocket] = []
        for var stranger in strangers {
            guard let beats = stranger.receive() else {
                stranger.close()
                continue
            }
            guard let first = beats.first else {
                remaining.append(stranger)
                continue
            }
            guard case .hello(token, let rank, _, _) = first, let index = watched.firstIndex(where: { $0.rank == rank })
            else {
                stranger.close()
                continue
            }
            for beat in beats { watched[index].hear(beat) }
            connections.append((rank, stranger))
        }
        strangers = remaining
    }

    private func listen() {
        for place in connections.indices.reversed() {
            guard let index = watched.firstIndex(where: { $0.rank == connections[place].rank }) else { continue }
            if let beats = connections[place].socket.receive() {
                for beat in beats { watched[index].hear(beat) }
            } else {
                connections[place].socket.close()
                connections.remove(at: place)
                watched[index].ticksSinceLost = 0
            }
        }
    }

    private func watchRoot() {
        guard var socket = upward else { return }
        var deadline = Self.now() + settings.tickSeconds
        // Rank 0 only answers; its stalls are its own watchdog's business. The higher ranks wait a little for rank 1.
        let rules = WatchdogRules(settings, patience: place.rank > 1 ? 2 : 0, watchesProgress: false)
        while !isStopping.load(ordering: .acquiring) {
            wait(for: root.ticksSinceLost == nil ? [socket.descriptor] : [], until: deadline)
            if root.ticksSinceLost == nil {
                if let beats = socket.receive() {
                    for beat in beats { root.hear(beat) }
                } else {
                    root.ticksSinceLost = 0
                }
            }
            guard Self.now() >= deadline else { continue }
            deadline = Self.now() + settings.tickSeconds
            root.tick()
            socket.send(Heartbeat(Activity.current))
            if let verdict = rules.verdict(on: [root]) { end(verdict) }
        }
        socket.send(isAborting.load(ordering: .acquiring) ? .aborting : .goodbye)
        socket.close()
    }

    /// Ends this process with the message; the launcher then ends the job.
    private func end(_ verdict: String) -> Never {
        place.say(verdict)
        _exit(1)
    }
}
