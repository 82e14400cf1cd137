/// The target spacing of a dataset at full resolution, the order of its axes, and the median shape that follows.
package struct PlannedGeometry: Sendable, Equatable {
    /// The raw axis that becomes each axis: the coarsest one first.
    package let transposeForward: [Int]
    /// Target spacing after the transposition.
    package let spacing: [Double]
    /// Median over cases of the resampled shape, after the transposition; may have halves.
    package let medianShape: [Double]

    package init(transposeForward: [Int], spacing: [Double], medianShape: [Double]) {
        self.transposeForward = transposeForward
        self.spacing = spacing
        self.medianShape = medianShape
    }

    package init(fingerprint: Fingerprint, overwriteTargetSpacing: [Double]? = nil) {
        let target = overwriteTargetSpacing ?? Self.targetSpacing(of: fingerprint)
        let coarsest = Self.coarsestAxis(of: target)
        let forward = [coarsest] + target.indices.filter { $0 != coarsest }
        let shapes = zip(fingerprint.spacings, fingerprint.shapesAfterCrop).map { spacing, shape in
            target.indices.map { axis in
                (spacing[axis] / target[axis] * Double(shape[axis])).rounded(.toNearestOrEven)
            }
        }
        let median = medianPerAxis(of: shapes)
        self.init(
            transposeForward: forward, spacing: forward.map { target[$0] }, medianShape: forward.map { median[$0] })
    }

    var medianVoxelCount: Double { medianShape.reduce(1, *) }

    /// Values per raw axis in the order of the plans.
    func transposed(_ values: [Double]) -> [Double] { transposeForward.map { values[$0] } }

    /// The median spacing; where one axis is far coarser than the others and has far fewer voxels, the 10th percentile
    /// of that axis, but no finer than the others.
    private static func targetSpacing(of fingerprint: Fingerprint) -> [Double] {
        // The 50th percentile, which may differ from the median in the last bit, as nnU-Net takes it.
        var target = (0..<3).map { axis in percentile(50, of: fingerprint.spacings.map { $0[axis] }) }
        let size = medianPerAxis(of: fingerprint.shapesAfterCrop.map { $0.map(Double.init) })
        let coarsest = coarsestAxis(of: target)
        let others = target.indices.filter { $0 != coarsest }
        let largestOther = others.map { target[$0] }.max() ?? 1
        let smallestOtherSize = others.map { size[$0] }.min() ?? 1
        let threshold = ExperimentPlanner.anisotropyThreshold
        if target[coarsest] > threshold * largestOther, size[coarsest] * threshold < smallestOtherSize {
            let fine = percentile(10, of: fingerprint.spacings.map { $0[coarsest] })
            target[coarsest] = fine < largestOther ? largestOther + 1e-5 : fine
        }
        return target
    }

    /// The first axis of the largest spacing.
    private static func coarsestAxis(of spacing: [Double]) -> Int {
        spacing.indices.reduce(0) { spacing[$1] > spacing[$0] ? $1 : $0 }
    }
}
