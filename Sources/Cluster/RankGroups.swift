/// Which ranks train which fold: one group of ranks per fold, as even as possible.
///
/// Fewer ranks than folds: the folds take turns, as many at a time as there are ranks; the last round shares all ranks
/// among the folds that are left. Every rank is in exactly one group of every round.
public struct RankGroups: Sendable, Equatable {
    public struct Group: Sendable, Equatable {
        /// Position in the list of folds.
        public let fold: Int
        /// World ranks of the group.
        public let ranks: Range<Int>
    }

    /// Groups that work at the same time, round after round.
    public let rounds: [[Group]]

    /// - Precondition: `foldCount ≥ 1`, `rankCount ≥ 1`.
    public init(foldCount: Int, rankCount: Int) {
        precondition(foldCount >= 1 && rankCount >= 1, "no groups for \(foldCount) folds on \(rankCount) ranks")
        rounds = stride(from: 0, to: foldCount, by: rankCount).map { first in
            let together = min(rankCount, foldCount - first)
            return (0..<together).map { place in
                Group(fold: first + place, ranks: Shares.range(rank: place, size: together, count: rankCount))
            }
        }
    }

    /// The group in which a rank works in a round.
    public func group(ofRank rank: Int, round: Int) -> Group {
        guard let group = rounds[round].first(where: { $0.ranks.contains(rank) }) else {
            preconditionFailure("rank \(rank) is in no group of round \(round)")
        }
        return group
    }
}

extension Communicator {
    /// One communicator per round of `groups`: that of this rank's group.
    ///
    /// - Collective: every rank of this communicator calls it, before the first round.
    public func split(into groups: RankGroups) throws(MPIError) -> [(
        group: RankGroups.Group, communicator: Communicator
    )] {
        var communicators: [(group: RankGroups.Group, communicator: Communicator)] = []
        for round in groups.rounds.indices {
            let group = groups.group(ofRank: rank, round: round)
            communicators.append((group, try split(color: group.fold, key: rank)))
        }
        return communicators
    }
}
