import Datasets
import Tensors

/// Where a patch is cut from a case.
///
/// Source: nnU-Net's data loader. The bounds are those of the enlarged patch, in training, and of the patch itself in
/// validation.
package enum PatchPosition {
    /// Lower corners that a loader patch of `loaderSize` voxels may have along an axis of `extent` voxels, when
    /// `patchSize` voxels of it are used: `need = loader − patch`, raised to `loader − extent` where the case is short.
    package static func bounds(extent: Int, loaderSize: Int, patchSize: Int) -> ClosedRange<Int> {
        let need = max(loaderSize - patchSize, loaderSize - extent)
        let lower = -((need + 1) / 2)
        let upper = extent + need / 2 + need % 2 - loaderSize
        return lower...max(lower, upper)
    }

    /// Draws the lower corner of the loader patch.
    ///
    /// A forced patch is centered on a voxel of a class drawn uniformly from those of the case; it may stick out of the
    /// upper border further than a random one (as in nnU-Net). Where the dataset has an ignore label, other patches are
    /// centered on an annotated voxel.
    package static func draw(
        from source: PatchSource, loaderSize: SIMD3<Int>, patchSize: SIMD3<Int>, isForeground: Bool,
        using stream: inout RandomStream
    ) -> SIMD3<Int> {
        var corner = SIMD3<Int>()
        if let center = center(in: source, isForeground: isForeground, using: &stream) {
            for axis in 0..<3 {
                let bounds = bounds(
                    extent: source.size[axis], loaderSize: loaderSize[axis], patchSize: patchSize[axis])
                corner[axis] = max(bounds.lowerBound, Int(center[axis]) - loaderSize[axis] / 2)
            }
        } else {
            for axis in 0..<3 {
                let bounds = bounds(
                    extent: source.size[axis], loaderSize: loaderSize[axis], patchSize: patchSize[axis])
                corner[axis] = stream.integer(in: bounds)
            }
        }
        return corner
    }

    private static func center(
        in source: PatchSource, isForeground: Bool, using stream: inout RandomStream
    ) -> SIMD3<Int32>? {
        if isForeground, !source.foreground.isEmpty {
            let voxels = source.foreground[stream.integer(below: source.foreground.count)]
            return voxels[stream.integer(below: voxels.count)]
        }
        guard let annotated = source.annotated, !annotated.isEmpty else { return nil }
        return annotated[stream.integer(below: annotated.count)]
    }
}
