import Cluster
import Testing

@Suite struct WatchdogRulesTests {
    private let rules = WatchdogRules(WatchdogSettings(silenceSeconds: 6, stallSeconds: 60))

    private func rank(_ number: Int, change: Int, waiting: Bool, in description: String) -> WatchedRank {
        var rank = WatchedRank(rank: number)
        rank.hear(.hello(token: "t", rank: number, host: "node\(number)", process: 10 + number))
        rank.hear(.activity(changeCount: change, isWaiting: waiting, description: description))
        return rank
    }

    @Test("A heartbeat survives its line") func lines() {
        let beats: [Heartbeat] = [
            .hello(token: "abc", rank: 3, host: "a host", process: 77),
            .activity(changeCount: 12, isWaiting: true, description: "MPI_Bcast of epoch 3, iteration 12"),
            .activity(changeCount: 0, isWaiting: false, description: ""), .goodbye, .aborting,
        ]
        for beat in beats { #expect(Heartbeat(line: beat.line) == beat) }
        for noise in ["", "GET / HTTP/1.1", "H x w y", "N a b c", "H 1"] { #expect(Heartbeat(line: noise) == nil) }
    }

    @Test("A process that no longer answers is named with what it was doing") func silence() throws {
        var ranks = [
            rank(0, change: 5, waiting: true, in: "MPI_Bcast"),
            rank(1, change: 4, waiting: false, in: "epoch 3, iteration 12"),
        ]
        for _ in 0..<8 {
            for index in ranks.indices { ranks[index].tick() }
            ranks[0].hear(.activity(changeCount: 5, isWaiting: true, description: "MPI_Bcast"))
        }
        let verdict = try #require(rules.verdict(on: ranks))
        #expect(verdict.hasPrefix("rank 1 (process 11 on node1) has made no progress for 8 s in epoch 3, iteration 12"))
    }

    @Test("A rank that waits for others is well; one whose own work stands still is not") func stall() throws {
        var ranks = [
            rank(0, change: 5, waiting: true, in: "MPI_Bcast"), rank(1, change: 4, waiting: false, in: "case 7"),
        ]
        for _ in 0..<61 {
            #expect(rules.verdict(on: ranks) == nil)
            for index in ranks.indices { ranks[index].tick() }
            ranks[0].hear(.activity(changeCount: 5, isWaiting: true, description: "MPI_Bcast"))
            ranks[1].hear(.activity(changeCount: 4, isWaiting: false, description: "case 7"))
        }
        #expect(
            try #require(rules.verdict(on: ranks)).hasPrefix(
                "rank 1 (process 11 on node1) has made no progress for 61 s in case 7"))
        ranks[1].hear(.activity(changeCount: 5, isWaiting: false, description: "case 8"))
        #expect(rules.verdict(on: ranks) == nil)
        ranks[1].hear(.goodbye)
        for _ in 0..<100 { ranks[1].tick() }
        #expect(rules.verdict(on: ranks) == nil)
    }

    @Test("Ranks that all wait for each other are a deadlock") func deadlock() throws {
        var ranks = [
            rank(0, change: 5, waiting: true, in: "MPI_Bcast"), rank(1, change: 4, waiting: true, in: "MPI_Barrier"),
        ]
        for _ in 0..<61 {
            #expect(rules.verdict(on: ranks) == nil)
            for index in ranks.indices {
                ranks[index].tick()
                ranks[index].hear(
                    .activity(
                        changeCount: 5 - index, isWaiting: true, description: ["MPI_Bcast", "MPI_Barrier"][index]))
            }
        }
        #expect(
            try #require(rules.verdict(on: ranks)).hasPrefix(
                "all ranks have waited for each other for 60 s: rank 0 in MPI_Bcast, rank 1 in MPI_Barrier"))
    }

    @Test("A broken connection counts after a moment of grace") func lost() throws {
        var ranks = [rank(1, change: 4, waiting: false, in: "case 7")]
        ranks[0].ticksSinceLost = 0
        #expect(rules.verdict(on: ranks) == nil)
        for _ in 0..<3 { ranks[0].tick() }
        #expect(try #require(rules.verdict(on: ranks)).hasPrefix("rank 1 (process 11 on node1) has ended in case 7"))
    }
}
