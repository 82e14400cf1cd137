import Cluster
import Testing

@Suite struct SharesTests {
    @Test("Shares are contiguous, complete, and differ by one at most") func evenness() {
        for size in 1...9 {
            for count in 0...40 {
                let shares = (0..<size).map { Shares.range(rank: $0, size: size, count: count) }
                #expect(shares.flatMap { Array($0) } == Array(0..<count))
                let counts = shares.map(\.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
                #expect(counts == counts.sorted(by: >))
                for index in 0..<count {
                    #expect(shares[Shares.rank(holding: index, size: size, count: count)].contains(index))
                }
            }
        }
    }

    @Test(
        "Folds get ranks as evenly as possible",
        arguments: [
            (5, 1, [[0..<1], [0..<1], [0..<1], [0..<1], [0..<1]]),
            (5, 2, [[0..<1, 1..<2], [0..<1, 1..<2], [0..<2]]),
            (5, 3, [[0..<1, 1..<2, 2..<3], [0..<2, 2..<3]]),
            (5, 5, [[0..<1, 1..<2, 2..<3, 3..<4, 4..<5]]),
            (5, 12, [[0..<3, 3..<6, 6..<8, 8..<10, 10..<12]]),
            (1, 4, [[0..<4]]),
        ]) func rankGroups(folds: Int, ranks: Int, expected: [[Range<Int>]])
    {
        let groups = RankGroups(foldCount: folds, rankCount: ranks)
        #expect(groups.rounds.map { $0.map(\.ranks) } == expected)
        #expect(groups.rounds.flatMap { $0 }.map(\.fold) == Array(0..<folds))
        for (round, parts) in groups.rounds.enumerated() {
            for rank in 0..<ranks {
                let group = groups.group(ofRank: rank, round: round)
                #expect(parts.filter { $0.ranks.contains(rank) } == [group])
            }
        }
    }
}
