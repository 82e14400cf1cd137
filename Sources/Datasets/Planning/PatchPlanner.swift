/// Chooses patch size, topology and batch size for one spacing: as large a patch as the memory target allows.
///
/// Source: nnU-Net's `get_plans_for_configuration`.
package struct PatchPlanner: Sendable {
    package let preset: PlannerPreset
    /// The GPU memory to plan for, in gigabytes.
    package let memoryTarget: Double
    /// Entries of `labels` in dataset.json, background and ignore included.
    package let classCount: Int

    package init(preset: PlannerPreset, memoryTarget: Double, classCount: Int) {
        self.preset = preset
        self.memoryTarget = memoryTarget
        self.classCount = classCount
    }

    package struct Result: Sendable, Equatable {
        package var topology: NetworkTopology
        package var batchSize: Int
        /// Output elements of all convolutions for one sample.
        package var estimate: Int
    }

    /// - Parameters:
    ///   - spacing: 3 or 2 axes.
    ///   - medianShape: of the resampled cases, may have halves.
    ///   - datasetVoxelCount: voxels of all training cases, about.
    package func plan(spacing: [Double], medianShape: [Double], datasetVoxelCount: Double) -> Result {
        let is2D = spacing.count == 2
        let reference =
            (is2D ? preset.reference2D : preset.reference3D) * (memoryTarget / preset.referenceGigabytes)
        let referenceBatch = is2D ? 12.0 : 2.0
        // nnU-Net compares the estimate of two samples with the reference; the residual planners compare that of one.
        let factor = preset.encoder == .plain ? 2 / referenceBatch : 1
        var topology = NetworkTopology(
            spacing: spacing, patchSize: zip(Self.initialPatchSize(spacing), medianShape).map { min($0, $1) })
        var estimate = preset.outputElementCount(topology, classCount: classCount)
        while Double(estimate) * factor > reference, topology.strides.count > 1 {
            topology = Self.reduced(topology, spacing: spacing, medianShape: medianShape)
            estimate = preset.outputElementCount(topology, classCount: classCount)
        }
        let patchVoxels = topology.patchSize.reduce(1.0) { $0 * Double($1) }
        let affordable = (reference / Double(estimate) * referenceBatch).rounded(.toNearestOrEven)
        let cap = (datasetVoxelCount * preset.largestDatasetShare / patchVoxels).rounded(.toNearestOrEven)
        return Result(topology: topology, batchSize: Int(max(min(affordable, cap), 2)), estimate: estimate)
    }

    /// A patch of 256³ (2048² in 2D) voxels whose edges are of equal length in millimetres.
    private static func initialPatchSize(_ spacing: [Double]) -> [Double] {
        let inverse = spacing.map { 1 / $0 }
        let volume = spacing.count == 2 ? 2048.0 * 2048 : 256.0 * 256 * 256
        let scale = power(volume / inverse.reduce(1, *), 1 / Double(spacing.count))
        return inverse.map { ($0 * scale).rounded(.toNearestOrEven) }
    }

    /// Shortens the axis that is longest relative to the median shape (the last one of equals) by one multiple.
    private static func reduced(
        _ topology: NetworkTopology, spacing: [Double], medianShape: [Double]
    ) -> NetworkTopology {
        let ratios = zip(topology.patchSize, medianShape).map { Double($0) / $1 }
        var axis = 0
        for candidate in ratios.indices where ratios[candidate] >= ratios[axis] { axis = candidate }
        var patch = topology.patchSize.map(Double.init)
        var trial = patch
        trial[axis] -= Double(topology.divisors[axis])
        patch[axis] -= Double(NetworkTopology(spacing: spacing, patchSize: trial).divisors[axis])
        return NetworkTopology(spacing: spacing, patchSize: patch)
    }
}
