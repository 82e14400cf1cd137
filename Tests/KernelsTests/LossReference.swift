import Kernels
import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// One sample's logits for both loss kernels, and the losses by their definition in float64.
struct LossCase: CustomTestStringConvertible, Sendable {
    var headCount: Int
    var voxelCount: Int
    var ignoreLabel: Int? = nil
    /// Regions for sigmoid heads: the label's members, `[heads][labelCount]`.
    var membership: [Float]? = nil
    var labelCount: Int

    var testDescription: String {
        let ignored = ignoreLabel.map { ", ignore \($0)" } ?? ""
        return "\(headCount) \(membership == nil ? "classes" : "regions"), \(voxelCount) voxels\(ignored)"
    }

    /// Less than a tile, a tile, one more, several.
    static let all: [LossCase] = [1, 63, 64, 65, 500].flatMap { voxels in
        [
            LossCase(headCount: 2, voxelCount: voxels, labelCount: 2),
            LossCase(headCount: 9, voxelCount: voxels, ignoreLabel: 9, labelCount: 10),
            LossCase(headCount: 3, voxelCount: voxels, ignoreLabel: 1, labelCount: 3),
            LossCase(headCount: 1, voxelCount: voxels, membership: [0, 1], labelCount: 2),
            LossCase(
                headCount: 3, voxelCount: voxels, ignoreLabel: 4,
                membership: [0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0], labelCount: 5),
        ]
    }

    /// Heads lie further apart than their voxels.
    var stride: Int { voxelCount + 5 }
    var logits: [Float] { ConvolutionCase.noise(headCount * voxelCount, 30).map { 3 * $0 } }
    var targets: [Int16] { (0..<voxelCount).map { Int16(($0 * 7 + $0 / 5) % labelCount) } }
    /// Factor of cross-entropy, and per head what Dice adds on the target and everywhere.
    static let crossEntropy: Float = 0.75
    var onTarget: [Float] { (0..<headCount).map { -0.5 - Float($0) / 8 } }
    var everywhere: [Float] { (0..<headCount).map { $0 == 0 ? 0 : 0.25 + Float($0) / 16 } }

    struct Result {
        var crossEntropy: Double
        var sums: [Double]
        /// `[heads][voxels]`.
        var probabilities: [Float]
        var gradient: [Float]
    }

    /// Both passes of the kernel, with poison between the heads, which stays.
    func run(_ logits: [Float], _ targets: [Int16]) -> (result: Result, isPoisonWhole: Bool) {
        let buffer = AlignedBuffer(Array(repeating: Float(-77), count: headCount * stride))
        for head in 0..<headCount {
            for voxel in 0..<voxelCount { buffer.pointer[head * stride + voxel] = logits[head * voxelCount + voxel] }
        }
        func plain() -> [Float] {
            (0..<headCount).flatMap { head in (0..<voxelCount).map { buffer.pointer[head * stride + $0] } }
        }
        var sums = [Double](repeating: .nan, count: headCount * 3)
        let crossEntropy: Double
        if let membership {
            crossEntropy = SigmoidLoss.statistics(
                buffer.pointer, headStride: stride, headCount: headCount, voxelCount: voxelCount, targets: targets,
                ignoreLabel: ignoreLabel, membership: membership, labelCount: labelCount, sums: &sums)
        } else {
            crossEntropy = SoftmaxLoss.statistics(
                buffer.pointer, headStride: stride, headCount: headCount, voxelCount: voxelCount, targets: targets,
                ignoreLabel: ignoreLabel, sums: &sums)
        }
        let probabilities = plain()
        if let membership {
            SigmoidLoss.gradient(
                buffer.pointer, headStride: stride, headCount: headCount, voxelCount: voxelCount, targets: targets,
                ignoreLabel: ignoreLabel, membership: membership, labelCount: labelCount,
                crossEntropy: Self.crossEntropy, onTarget: onTarget, everywhere: everywhere)
        } else {
            SoftmaxLoss.gradient(
                buffer.pointer, headStride: stride, headCount: headCount, voxelCount: voxelCount, targets: targets,
                ignoreLabel: ignoreLabel, crossEntropy: Self.crossEntropy, onTarget: onTarget, everywhere: everywhere)
        }
        let isWhole = (0..<headCount).allSatisfy { head in
            (voxelCount..<stride).allSatisfy { buffer.pointer[head * stride + $0] == -77 }
        }
        return (
            Result(crossEntropy: crossEntropy, sums: sums, probabilities: probabilities, gradient: plain()), isWhole
        )
    }

    /// Cross-entropy, the sums and the probabilities by their definition.
    func reference(_ logits: [Double], _ targets: [Int16]) -> (crossEntropy: Double, sums: [Double], p: [Double]) {
        var (crossEntropy, sums) = (0.0, [Double](repeating: 0, count: headCount * 3))
        var p = [Double](repeating: 0, count: logits.count)
        for voxel in 0..<voxelCount {
            let z = (0..<headCount).map { logits[$0 * voxelCount + voxel] }
            let target = Int(targets[voxel])
            let isCounted = target != ignoreLabel
            let total = z.reduce(0) { $0 + exp($1) }
            for head in 0..<headCount {
                let probability = membership == nil ? exp(z[head]) / total : 1 / (1 + exp(-z[head]))
                p[head * voxelCount + voxel] = probability
                guard isCounted else { continue }
                let truth = Double(membership.map { $0[head * labelCount + target] } ?? (head == target ? 1 : 0))
                sums[3 * head] += probability * truth
                sums[3 * head + 1] += probability
                sums[3 * head + 2] += truth
                if membership == nil {
                    crossEntropy -= truth * log(probability)
                } else {
                    crossEntropy -= truth * log(probability) + (1 - truth) * log(1 - probability)
                }
            }
        }
        return (crossEntropy, sums, p)
    }

    /// What the gradient pass differentiates: `factor · cross-entropy + Σ onTarget · Σ p g + everywhere · Σ p`.
    func objective(_ logits: [Double], _ targets: [Int16]) -> Double {
        let parts = self.reference(logits, targets)
        var value = Double(Self.crossEntropy) * parts.crossEntropy
        for head in 0..<headCount {
            value += Double(onTarget[head]) * parts.sums[3 * head]
            value += Double(everywhere[head]) * parts.sums[3 * head + 1]
        }
        return value
    }
}
