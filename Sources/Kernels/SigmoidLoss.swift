internal import CKernels

/// The two passes of a sigmoid loss over one sample's logits `[heads, voxels]`, one head per region.
public enum SigmoidLoss {
    /// Turns logits into probabilities, in place, and sums what binary cross-entropy and Dice need.
    ///
    /// - Parameters:
    ///   - targets: label per voxel, `0 ..< labelCount`.
    ///   - membership: `[heads][labelCount]`, 1 where the label belongs to the region.
    ///   - sums: becomes `[heads][3]`: sums of probability · truth, probability, truth over the counted voxels.
    /// - Returns: the sum of the binary cross-entropies over counted voxels and heads.
    public static func statistics(
        _ logits: UnsafeMutablePointer<Float>, headStride: Int, headCount: Int, voxelCount: Int,
        targets: UnsafePointer<Int16>, ignoreLabel: Int?, membership: [Float], labelCount: Int,
        sums: UnsafeMutablePointer<Double>
    ) -> Double {
        ckernels_sigmoid_statistics(
            logits, Int64(headStride), Int32(headCount), Int64(voxelCount), targets, Int32(ignoreLabel ?? -1),
            membership,
            Int32(labelCount), sums)
    }

    /// Turns probabilities into the gradient in the logits, in place; parameters as in ``SoftmaxLoss``.
    public static func gradient(
        _ probabilities: UnsafeMutablePointer<Float>, headStride: Int, headCount: Int, voxelCount: Int,
        targets: UnsafePointer<Int16>, ignoreLabel: Int?, membership: [Float], labelCount: Int, crossEntropy: Float,
        onTarget: UnsafePointer<Float>, everywhere: UnsafePointer<Float>
    ) {
        ckernels_sigmoid_gradient(
            probabilities, Int64(headStride), Int32(headCount), Int64(voxelCount), targets, Int32(ignoreLabel ?? -1),
            membership, Int32(labelCount), crossEntropy, onTarget, everywhere)
    }
}
