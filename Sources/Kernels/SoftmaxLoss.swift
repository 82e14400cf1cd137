internal import CKernels

/// The two passes of a softmax loss over one sample's logits `[heads, voxels]`.
public enum SoftmaxLoss {
    /// Turns logits into probabilities, in place, and sums what cross-entropy and Dice need.
    ///
    /// - Parameters:
    ///   - logits: head h of voxel s is at `h · headStride + s`.
    ///   - targets: label per voxel, ≥ 0.
    ///   - ignoreLabel: voxels with this label count nowhere.
    ///   - sums: becomes `[heads][3]`: sums of probability · truth, probability, truth over the counted voxels.
    /// - Returns: the sum of −log p(target) over the counted voxels.
    public static func statistics(
        _ logits: UnsafeMutablePointer<Float>, headStride: Int, headCount: Int, voxelCount: Int,
        targets: UnsafePointer<Int16>, ignoreLabel: Int?, sums: UnsafeMutablePointer<Double>
    ) -> Double {
        ckernels_softmax_statistics(
            logits, Int64(headStride), Int32(headCount), Int64(voxelCount), targets, Int32(ignoreLabel ?? -1), sums)
    }

    /// Turns probabilities into the gradient in the logits, in place.
    ///
    /// - Parameters:
    ///   - crossEntropy: factor of (probability − truth).
    ///   - onTarget: per head, derivative of the loss in the probability, part that counts where the head is the
    ///     target.
    ///   - everywhere: per head, the part that counts in every voxel.
    public static func gradient(
        _ probabilities: UnsafeMutablePointer<Float>, headStride: Int, headCount: Int, voxelCount: Int,
        targets: UnsafePointer<Int16>, ignoreLabel: Int?, crossEntropy: Float, onTarget: UnsafePointer<Float>,
        everywhere: UnsafePointer<Float>
    ) {
        ckernels_softmax_gradient(
            probabilities, Int64(headStride), Int32(headCount), Int64(voxelCount), targets, Int32(ignoreLabel ?? -1),
            crossEntropy, onTarget, everywhere)
    }
}

/// Passes over flat parameter buffers.
public enum ParameterKernels {
    /// One step of stochastic gradient descent with Nesterov momentum and weight decay, in place, as PyTorch's SGD:
    /// `g' = scale · g + decay · w`, `m = momentum · m + g'` (the first step: `m = g'`), `w −= rate · (g' + momentum ·
    /// m)`.
    public static func descend(
        weights: UnsafeMutablePointer<Float>, momentumBuffer: UnsafeMutablePointer<Float>,
        gradient: UnsafePointer<Float>, count: Int, gradientScale: Float, rate: Float, momentum: Float, decay: Float,
        isFirst: Bool
    ) {
        ckernels_sgd(
            weights, momentumBuffer, gradient, Int64(count), gradientScale, rate, momentum, decay, isFirst ? 1 : 0)
    }

    /// Sum of squares in float64, in a fixed order; not finite if an element is not.
    public static func sumOfSquares(_ values: UnsafePointer<Float>, count: Int) -> Double {
        ckernels_sum_of_squares(values, Int64(count))
    }
}
