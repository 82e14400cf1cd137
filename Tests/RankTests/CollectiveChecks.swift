import Cluster
import Tensors

/// Collectives against closed forms in the rank and the number of ranks.
enum CollectiveChecks {
    static func run(_ checks: Checks) throws {
        let world = checks.world
        let (rank, size) = (world.rank, world.size)
        try world.barrier()
        checks.expectEqual(
            try world.allReduceSum([1, rank, rank * rank]),
            [size, size * (size - 1) / 2, (size - 1) * size * (2 * size - 1) / 6], "sums")
        checks.expectEqual(try world.allReduceMin([rank, -rank]), [0, 1 - size], "minima")
        checks.expectEqual(try world.allReduceMax([rank, -rank]), [size - 1, 0], "maxima")
        checks.expectEqual(try world.allReduceSum(Int.max / size), Int.max / size * size, "a large sum")
        checks.expectEqual(try world.allReduceMax(Double(rank) / 3), Double(size - 1) / 3, "maximum")
        checks.expectEqual(
            try world.allReduceMin([-Double(rank), .infinity]), [1 - Double(size), .infinity], "minimum")
        let withNaN = try world.allReduceMax([rank == size - 1 ? .nan : 1, 2])
        checks.expect(withNaN[0].isNaN && withNaN[1] == 2, "the NaN of one rank is lost: \(withNaN)")

        for root in 0..<size {
            for count in [0, 1, 1000, 3_000_000] {
                let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ root) }
                checks.expect(
                    try world.broadcast(rank == root ? message : [1, 2], root: root) == message,
                    "broadcast of \(count) bytes from rank \(root)")
            }
            checks.expectEqual(try world.broadcast(rank == root ? "ä\n{}" : "", root: root), "ä\n{}", "broadcast text")
            checks.expectEqual(try world.broadcast([rank, -rank], root: root), [root, -root], "broadcast numbers")
            let gathered = try world.gather(String(repeating: "x", count: rank), root: root)
            checks.expectEqual(
                gathered, rank == root ? (0..<size).map { String(repeating: "x", count: $0) } : nil, "gathered texts")
        }
        let weights = AlignedBuffer<Float>(count: 100_001)
        if rank == 0 { for i in 0..<weights.count { weights.pointer[i] = Float(i) / 7 } }
        try world.broadcast(weights.elements)
        checks.expect((0..<weights.count).allSatisfy { weights.pointer[$0] == Float($0) / 7 }, "broadcast weights")
        checks.expectEqual(
            try world.allGather([Double(rank), 0.5]), (0..<size).map { [Double($0), 0.5] }, "all-gather")
        checks.expectEqual(try world.allGather("rank \(rank)"), (0..<size).map { "rank \($0)" }, "all-gathered texts")
        checks.expectEqual(try world.allGather([Int]()), (0..<size).map { _ in [] }, "all-gather of nothing")
    }
}

/// Parts of the world.
enum GroupChecks {
    static func run(_ checks: Checks) throws {
        let world = checks.world
        let parity = try world.split(color: world.rank % 2, key: -world.rank)
        let members = (0..<world.size).filter { $0 % 2 == world.rank % 2 }
        checks.expectEqual(parity.size, members.count, "ranks of my parity")
        checks.expectEqual(
            parity.rank,
            members.reversed().firstIndex(of: world.rank).map {
                members.reversed().distance(from: members.reversed().startIndex, to: $0)
            }, "place among them")
        checks.expectEqual(try parity.allReduceSum(world.rank), members.reduce(0, +), "sum over my parity")
        checks.expectEqual(parity.place, world.place, "place in the job")

        for foldCount in 1...6 {
            let groups = RankGroups(foldCount: foldCount, rankCount: world.size)
            var trained: [Int] = []
            for (group, communicator) in try world.split(into: groups) {
                checks.expectEqual(communicator.size, group.ranks.count, "ranks for fold \(group.fold)")
                checks.expectEqual(
                    communicator.rank, world.rank - group.ranks.lowerBound, "place in fold \(group.fold)")
                checks.expectEqual(try communicator.allReduceMin(group.fold), group.fold, "one fold per group")
                if communicator.isRoot { trained.append(group.fold) }
            }
            let counts = try world.allReduceSum((0..<foldCount).map { fold in trained.filter { $0 == fold }.count })
            checks.expectEqual(
                counts, Array(repeating: 1, count: foldCount), "every one of \(foldCount) folds is trained once")
        }
    }
}
