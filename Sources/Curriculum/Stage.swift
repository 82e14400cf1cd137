/// A phase of the curriculum: the patch and the batch of a run of iterations.
public struct Stage: Sendable, Equatable {
    /// Place in ``Schedule/stages``.
    public let index: Int
    /// Voxels per axis `[D, H, W]` of the tensor that the network sees.
    public let patchSize: [Int]
    /// Patches per iteration, over all ranks.
    public let batchSize: Int
    /// The epoch that contains ``firstIteration``.
    public let firstEpoch: Int
    /// Epochs that contain an iteration of this stage. Neighboring stages share epochs only when there are fewer epochs
    /// than stages.
    public let epochCount: Int
    public let firstIteration: Int
    public let iterationCount: Int

    /// The iterations of this stage; in a random schedule, those at which it may be drawn.
    public var iterations: Range<Int> { firstIteration..<firstIteration + iterationCount }

    /// Voxels of one patch.
    public var patchVoxelCount: Int { patchSize.reduce(1, *) }

    /// Voxels that one iteration shows to the network, over all ranks.
    public var voxelsPerIteration: Int { batchSize * patchVoxelCount }
}
