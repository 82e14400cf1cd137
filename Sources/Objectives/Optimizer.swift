import Kernels
import Networks
import Tensors
import Threads

/// Stochastic gradient descent with Nesterov momentum and weight decay over one flat parameter buffer.
///
/// Source: nnU-Net's constants (rate 0.01, momentum 0.99, decay 3e-5 on every parameter, gradient norm at most 12) and
/// PyTorch's update. Heads that have no part in the loss stay as they are, as PyTorch leaves parameters without
/// gradient.
public final class NesterovOptimizer: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    public static let initialRate = 0.01
    public static let momentum: Float = 0.99
    public static let weightDecay: Float = 3e-5
    public static let maximalNorm = 12.0

    /// Flat, as the weights.
    public let momentumBuffer: AlignedBuffer<Float>
    private let segments: [Range<Int>]
    private static let chunk = 65536

    /// - Parameter supervisedLevelCount: decoder levels whose heads take part in the loss.
    public init(architecture: UNetArchitecture, supervisedLevelCount: Int) {
        let layout = architecture.parameterLayout
        momentumBuffer = AlignedBuffer(count: layout.scalarCount)
        let frozen = Set(
            (0..<max(0, architecture.levelCount - 1 - supervisedLevelCount)).flatMap {
                ["decoder.seg_layers.\($0).weight", "decoder.seg_layers.\($0).bias"]
            })
        var segments: [Range<Int>] = []
        for entry in layout.entries where !frozen.contains(entry.name) {
            for start in stride(from: entry.range.lowerBound, to: entry.range.upperBound, by: Self.chunk) {
                let end = min(start + Self.chunk, entry.range.upperBound)
                if let last = segments.last, last.upperBound == start, end - last.lowerBound <= Self.chunk {
                    segments[segments.count - 1] = last.lowerBound..<end
                } else {
                    segments.append(start..<end)
                }
            }
        }
        self.segments = segments
    }

    /// Euclidean norm of a gradient, summed in a fixed order; not finite if an element is not.
    public func norm(of gradient: AlignedBuffer<Float>) -> Double {
        Threads.map(segments.count) { [segments] (index) throws(Never) in
            ParameterKernels.sumOfSquares(gradient.pointer + segments[index].lowerBound, count: segments[index].count)
        }.reduce(0, +).squareRoot()
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - norm: the gradient's, for clipping.
    ///   - isFirst: the momentum buffer holds nothing yet.
    public func step(
        weights: AlignedBuffer<Float>, gradient: AlignedBuffer<Float>, norm: Double, rate: Double, isFirst: Bool
    ) {
        let scale = Float(min(1, Self.maximalNorm / (norm + 1e-6)))
        Threads.forEach(segments.count) { [self] index in
            let range = segments[index]
            ParameterKernels.descend(
                weights: weights.pointer + range.lowerBound, momentumBuffer: momentumBuffer.pointer + range.lowerBound,
                gradient: gradient.pointer + range.lowerBound, count: range.count, gradientScale: scale,
                rate: Float(rate), momentum: Self.momentum, decay: Self.weightDecay, isFirst: isFirst)
        }
    }
}

/// Learning rates over the epochs of a training.
public enum LearningRate {
    /// `initial · (1 − epoch / epochs)^0.9`, constant within an epoch.
    public static func polynomial(epoch: Int, epochs: Int, initial: Double = NesterovOptimizer.initialRate) -> Double {
        initial * power(1 - Double(epoch) / Double(epochs), 0.9)
    }
}
