/// What one rank tells the watching rank, once per tick: how much it has done and what it is doing.
///
/// On the wire a line of text: `H 17 w MPI_Bcast of epoch 3` (`w` waits in MPI, `r` runs), `B` (goodbye), `X`
/// (aborting).
package enum Heartbeat: Equatable {
    case hello(token: String, rank: Int, host: String, process: Int)
    case activity(changeCount: Int, isWaiting: Bool, description: String)
    case goodbye
    case aborting

    package var line: String {
        switch self {
        case .hello(let token, let rank, let host, let process): "N \(token) \(rank) \(process) \(host)"
        case .activity(let changeCount, let isWaiting, let description):
            "H \(changeCount) \(isWaiting ? "w" : "r") " + Self.singleLine(description)
        case .goodbye: "B"
        case .aborting: "X"
        }
    }

    /// At most 200 characters without line breaks.
    private static func singleLine(_ text: String) -> String {
        String(text.prefix(200).map { $0.isNewline ? " " : $0 })
    }

    package init?(line: String) {
        let parts = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        switch parts[0] {
        case "N":
            guard parts.count == 5, let rank = Int(parts[2]), let process = Int(parts[3]) else { return nil }
            self = .hello(token: parts[1], rank: rank, host: parts[4], process: process)
        case "H":
            guard parts.count >= 4, let changeCount = Int(parts[1]) else { return nil }
            self = .activity(
                changeCount: changeCount, isWaiting: parts[2] == "w",
                description: parts[3...].joined(separator: " "))
        case "B": self = .goodbye
        case "X": self = .aborting
        default: return nil
        }
    }

    init(_ state: Activity.State) {
        self = .activity(
            changeCount: state.changeCount, isWaiting: state.call != nil, description: state.description)
    }
}

/// What the watching rank knows of another rank; time is counted in its own ticks, so that a job that was suspended as
/// a whole and continued finds nobody silent.
package struct WatchedRank {
    package let rank: Int
    var host: String
    var process: Int
    var description = "the start of the job"
    var changeCount = -1
    var isWaiting = false
    var ticksSinceHeard = 0
    var ticksSinceChange = 0
    package var ticksSinceLost: Int?
    /// Said goodbye or is aborting: whatever follows is in order.
    var isDone = false

    package init(rank: Int, host: String = "", process: Int = 0) {
        self.rank = rank
        self.host = host
        self.process = process
    }

    package mutating func hear(_ beat: Heartbeat) {
        ticksSinceHeard = 0
        switch beat {
        case .hello(_, _, let host, let process):
            self.host = host
            self.process = process
        case .activity(let changeCount, let isWaiting, let description):
            if changeCount != self.changeCount { ticksSinceChange = 0 }
            self.changeCount = changeCount
            self.isWaiting = isWaiting
            self.description = description
        case .goodbye, .aborting: isDone = true
        }
    }

    package mutating func tick() {
        ticksSinceHeard += 1
        ticksSinceChange += 1
        ticksSinceLost = ticksSinceLost.map { $0 + 1 }
    }

    /// `rank 2 (process 4711 on node7)`.
    var name: String { "rank \(rank)" + (host.isEmpty ? "" : " (process \(process) on \(host))") }
}

/// The rules of the watchdog: when a rank counts as lost or stalled.
package struct WatchdogRules {
    let tickSeconds: Double
    /// After a connection broke: the launcher reports a dead process better than we can, so it goes first.
    let ticksOfGrace: Int
    let ticksOfSilence: Int
    let ticksWithoutProgress: Int?

    /// - Parameters:
    ///   - patience: seconds to be added to the silence that is borne.
    ///   - watchesProgress: also whether a rank that answers gets anywhere.
    package init(_ settings: WatchdogSettings, patience: Double = 0, watchesProgress: Bool = true) {
        let tick = settings.tickSeconds
        tickSeconds = tick
        ticksOfGrace = max(1, Int(((2 + patience) / tick).rounded()))
        ticksOfSilence = max(2, Int(((settings.silenceSeconds + patience) / tick).rounded()))
        let stallSeconds = watchesProgress ? settings.stallSeconds : nil
        ticksWithoutProgress = stallSeconds.map { max(2, Int(($0 / tick).rounded())) }
    }

    /// Why the job must end, or nil when all is well.
    package func verdict(on ranks: [WatchedRank]) -> String? {
        let alive = ranks.filter { !$0.isDone }
        if let lost = alive.first(where: { ($0.ticksSinceLost ?? 0) > ticksOfGrace }) {
            return "\(lost.name) has ended in \(lost.description); the job ends, continue it from its newest checkpoint"
        }
        if let silent = alive.first(where: { $0.ticksSinceHeard > ticksOfSilence }) {
            return
                "\(silent.name) has made no progress for \(seconds(silent.ticksSinceHeard)) s in \(silent.description)"
                + " (it no longer answers); the job ends, continue it from its newest checkpoint"
        }
        guard let limit = ticksWithoutProgress else { return nil }
        if let stalled = alive.first(where: { !$0.isWaiting && $0.ticksSinceChange > limit }) {
            return "\(stalled.name) has made no progress for \(seconds(stalled.ticksSinceChange)) s in "
                + "\(stalled.description); the job ends, continue it from its newest checkpoint"
        }
        if !alive.isEmpty, alive.count == ranks.count, alive.allSatisfy({ $0.isWaiting && $0.ticksSinceChange > limit })
        {
            let calls = alive.prefix(8).map { "rank \($0.rank) in \($0.description)" }.joined(separator: ", ")
            return "all ranks have waited for each other for \(seconds(limit)) s: \(calls); the job ends"
        }
        return nil
    }

    private func seconds(_ ticks: Int) -> Int { Int((Double(ticks) * tickSeconds).rounded()) }
}
