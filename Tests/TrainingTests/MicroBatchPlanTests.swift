import Cluster
import Testing
import Training

@Suite struct MicroBatchPlanTests {
    /// `pgps-performance` on the Hippocampus plan (40×56×40, 9 samples): patch, batch, micro-batches.
    @Test(
        "micro-batches of the Hippocampus stages",
        arguments: [
            ([8, 8, 8], 1575, 8), ([16, 8, 8], 787, 8), ([16, 16, 8], 393, 8), ([16, 16, 16], 196, 8),
            ([24, 16, 16], 131, 8), ([24, 24, 16], 87, 8), ([24, 24, 24], 58, 8), ([32, 24, 24], 43, 8),
            ([32, 32, 24], 32, 8), ([32, 32, 32], 24, 6), ([40, 32, 32], 19, 8), ([40, 40, 32], 15, 8),
            ([40, 40, 40], 12, 6), ([40, 48, 40], 10, 10), ([40, 56, 40], 9, 9),
            // pgps-efficiency: nine samples; two micro-batches up to 65536 voxels, then four.
            ([8, 8, 8], 9, 2), ([16, 16, 16], 9, 2), ([24, 16, 16], 9, 2), ([24, 24, 16], 9, 4),
        ])
    func hippocampus(patch: [Int], batchSize: Int, count: Int) {
        expect(patch, batchSize, count, maximal: [40, 56, 40])
    }

    /// `pgps-performance` and, with two samples everywhere, `pgps-efficiency` on a plan of 128×128×128 voxels.
    @Test(
        "micro-batches of the stages of a plan of 128³",
        arguments: [
            ([32, 32, 32], 128, 8), ([64, 32, 32], 64, 8), ([64, 64, 32], 32, 8), ([64, 64, 64], 16, 8),
            ([96, 64, 64], 10, 10), ([96, 96, 64], 7, 7), ([96, 96, 96], 4, 4), ([128, 96, 96], 3, 3),
            ([128, 128, 96], 2, 2), ([128, 128, 128], 2, 2), ([32, 32, 32], 2, 2), ([64, 64, 64], 2, 2),
            ([96, 64, 64], 2, 2),
        ])
    func large(patch: [Int], batchSize: Int, count: Int) {
        expect(patch, batchSize, count, maximal: [128, 128, 128])
    }

    private func expect(_ patch: [Int], _ batchSize: Int, _ count: Int, maximal: [Int]) {
        let plan = MicroBatchPlan(
            batchSize: batchSize, voxelsPerSample: patch.reduce(1, *), maximalPatchVoxels: maximal.reduce(1, *))
        #expect(plan.count == count && plan.batchSize == batchSize)
    }

    /// 32 samples of 4096 voxels make a micro-batch.
    @Test("beyond twelve, multiples of twelve", arguments: [(384, 12), (385, 24), (769, 36), (5000, 168)])
    func beyondTwelve(batchSize: Int, count: Int) {
        expect([16, 16, 16], batchSize, count, maximal: [40, 56, 40])
    }

    @Test(
        "every sample once, sizes that differ by one at most, whatever the batch",
        arguments: [512, 4096, 89600, 2_097_152])
    func everySampleOnce(voxels: Int) {
        for batchSize in Array(1...60) + [131, 196, 393, 787, 1575, 5000] {
            let plan = MicroBatchPlan(batchSize: batchSize, voxelsPerSample: voxels, maximalPatchVoxels: 89600)
            let parts = (0..<plan.count).map { plan.samples(of: $0) }
            #expect(parts.flatMap { Array($0) } == Array(0..<batchSize))
            let sizes = parts.map(\.count)
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1 && (sizes.min() ?? 0) >= 1)
            // About equally many voxels at every stage: one sample, or not beyond the limit.
            #expect(sizes.allSatisfy { $0 == 1 || $0 * voxels <= 1 << 17 })
        }
    }

    /// The plan is made of the stage alone; however many ranks share its leaves, they hold all samples once.
    @Test("ranks share the samples in runs", arguments: [1, 9, 131, 1575]) func ranksShareTheSamples(batchSize: Int) {
        let plan = MicroBatchPlan(batchSize: batchSize, voxelsPerSample: 6144, maximalPatchVoxels: 89600)
        for rankCount in 1...20 {
            var samples: [Int] = []
            for rank in 0..<rankCount {
                let leaves = Shares.leaves(rank: rank, size: rankCount, leafCount: plan.count)
                let run = plan.samples(of: leaves)
                #expect(run.count == leaves.reduce(0) { $0 + plan.samples(of: $1).count })
                samples += Array(run)
            }
            #expect(samples == Array(0..<batchSize), "\(rankCount) ranks")
        }
    }
}
