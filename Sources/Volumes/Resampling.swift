import Tensors
import Threads

/// Resampling of images and label maps with nnU-Net's rules.
///
/// A voxel is a box: edges of the grids are aligned, values outside are those of the edge. Where the slices are much
/// thicker than the pixels (more than three times), slices are resampled in their planes and then taken by the nearest
/// one. An equal shape comes back untouched.
public enum Resampling {
    /// The shape that a volume takes on at another spacing, `round(spacing / newSpacing · shape)`, ties to even.
    public static func targetShape(_ shape: [Int], spacing: [Double], newSpacing: [Double]) -> [Int] {
        shape.indices.map { axis in
            Int((spacing[axis] / newSpacing[axis] * Double(shape[axis])).rounded(.toNearestOrEven))
        }
    }

    /// The axis that is resampled apart from the others, if any.
    ///
    /// The first of the two spacings whose largest entry is more than three times its smallest one decides; its largest
    /// entry names the axis, unless several are equal to it.
    public static func separateAxis(currentSpacing: [Double], newSpacing: [Double], forceSeparateZ: Bool?) -> Int? {
        func coarsest(_ spacing: [Double]) -> Int? {
            guard let largest = spacing.max() else { return nil }
            let axes = spacing.indices.filter { largest / spacing[$0] == 1 }
            return axes.count == 1 ? axes[0] : nil
        }
        func isAnisotropic(_ spacing: [Double]) -> Bool {
            guard let largest = spacing.max(), let smallest = spacing.min() else { return false }
            return largest / smallest > 3
        }
        if let forceSeparateZ { return forceSeparateZ ? coarsest(currentSpacing) : nil }
        if isAnisotropic(currentSpacing) { return coarsest(currentSpacing) }
        return isAnisotropic(newSpacing) ? coarsest(newSpacing) : nil
    }

    /// Resamples every channel of an image.
    ///
    /// - Shapes: volume `[C, D, H, W]`; result `[C] + shape`.
    /// - Units: spacings in millimeters along `[D, H, W]`.
    /// - Complexity: O(voxels); one channel's intermediate results beside the result.
    public static func resample(
        _ volume: Tensor<Float>, to shape: [Int], currentSpacing: [Double], newSpacing: [Double],
        order: Interpolation = .cubic, orderZ: Interpolation = .nearest, forceSeparateZ: Bool? = nil
    ) -> Tensor<Float> {
        precondition(volume.shape.count == 4, "an image has four axes, not the shape \(volume.shape)")
        let plan = ResamplingPlan(
            from: Array(volume.shape[1...]), to: shape, currentSpacing: currentSpacing, newSpacing: newSpacing,
            order: order, orderZ: orderZ, forceSeparateZ: forceSeparateZ)
        if plan.isIdentity { return volume }
        let channelCount = volume.shape[0]
        let count = channelCount * plan.outputCount
        let scalars = [Float](unsafeUninitializedCapacity: count) { target, initializedCount in
            volume.scalars.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                for channel in 0..<channelCount {
                    plan.resample(from + channel * plan.inputCount, into: to + channel * plan.outputCount)
                }
            }
            initializedCount = count
        }
        return Tensor(shape: [channelCount] + shape, scalars: scalars)
    }

    /// Resizes one volume with the same interpolation along every axis, as scikit-image's `resize` does (mode "edge",
    /// no anti-aliasing, clipped to the input's range).
    ///
    /// - Shapes: volume `[D, H, W]`; result `shape`.
    public static func resize(_ volume: Tensor<Float>, to shape: [Int], order: Interpolation) -> Tensor<Float> {
        let result = resample(
            Tensor(shape: [1] + volume.shape, scalars: volume.scalars), to: shape, currentSpacing: [1, 1, 1],
            newSpacing: [1, 1, 1], order: order, forceSeparateZ: false)
        return Tensor(shape: shape, scalars: result.scalars)
    }
}
