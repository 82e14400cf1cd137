import Cluster

/// One rank's part of a global batch: a run of micro-batches, and the samples that they hold.
public struct BatchShare: Sendable, Equatable {
    /// Voxels per axis of every sample, `[D, H, W]`.
    public let patchSize: [Int]
    /// How the global batch is cut.
    public let plan: MicroBatchPlan
    /// This rank's micro-batches; empty where there are fewer of them than ranks.
    public let leaves: Range<Int>
    /// The samples of these micro-batches, counted in the global batch.
    public let samples: Range<Int>

    public init(patchSize: [Int], plan: MicroBatchPlan, rank: Int, size: Int) {
        self.patchSize = patchSize
        self.plan = plan
        leaves = Shares.leaves(rank: rank, size: size, leafCount: plan.count)
        samples = plan.samples(of: leaves)
    }

    /// Samples of the global batch.
    public var batchSize: Int { plan.batchSize }

    /// Voxels of one sample.
    public var voxelCount: Int { patchSize.reduce(1, *) }
}
