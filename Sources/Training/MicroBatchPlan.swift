import Curriculum

/// How a global batch is cut into micro-batches, the leaves of the reproducible sum.
///
/// The rule sees the stage and the plan, never the number of ranks: about equally many voxels per micro-batch at every
/// stage, whole samples, and a count that many numbers of ranks divide where the batch allows it.
public struct MicroBatchPlan: Sendable, Equatable {
    public let batchSize: Int
    /// Number of micro-batches.
    public let count: Int

    /// Voxels that a micro-batch may hold beyond its first sample, at least: below that, kernels run short of work.
    static let minimalVoxels = 1 << 17
    /// Micro-batches that a stage has at least, if its batch is that large: work for two ranks from the first stage on,
    /// and for more as soon as there is enough of it that sharing is faster.
    static let fewestCounts = (small: 2, large: 4)
    static let smallVoxels = 1 << 16
    private static let handyCounts = [1, 2, 3, 4, 6, 8, 12]

    /// - Parameters:
    ///   - voxelsPerSample: of the stage's patch.
    ///   - maximalPatchVoxels: of the plan's patch; micro-batches hold up to a quarter of it.
    public init(batchSize: Int, voxelsPerSample: Int, maximalPatchVoxels: Int) {
        self.batchSize = batchSize
        let target = max(Self.minimalVoxels, maximalPatchVoxels / 4)
        let samples = max(1, target / voxelsPerSample)
        let isSmall = batchSize * voxelsPerSample < Self.smallVoxels
        let fewest = isSmall ? Self.fewestCounts.small : Self.fewestCounts.large
        let needed = max((batchSize + samples - 1) / samples, min(batchSize, fewest))
        let handy = Self.handyCounts.first { $0 >= needed } ?? (needed + 11) / 12 * 12
        count = min(handy, batchSize)
    }

    /// The samples of a micro-batch; sizes differ by at most one.
    public func samples(of leaf: Int) -> Range<Int> { leaf * batchSize / count..<(leaf + 1) * batchSize / count }

    /// The samples of a run of micro-batches.
    public func samples(of leaves: Range<Int>) -> Range<Int> {
        leaves.isEmpty
            ? 0..<0 : samples(of: leaves.lowerBound).lowerBound..<samples(of: leaves.upperBound - 1).upperBound
    }
}
