internal import CKernels
import Tensors
import Threads

/// A 1×1×1 convolution from blocked features to plain logits, forward and backward.
///
/// - Shapes: features `[N, C / block, D, H, W, block]` in the given precision; logits `[N, heads, D, H, W]`; weight
///   `[heads, C]`; bias `[heads]`.
/// - Determinism: sums run in chunks of a fixed size, so the bits do not depend on the number of threads.
public final class SegmentationHead: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    private let batchSize: Int
    private let channelCount: Int
    private let headCount: Int
    private let block: Int
    private let blockCount: Int
    private let voxels: Int
    private let precision: Precision
    private let chunkCount: Int
    private let samplesPerTask: Int
    private let weights: AlignedBuffer<Float>
    private let bias: AlignedBuffer<Float>
    private let partial: AlignedBuffer<Double>
    private static let chunk = 4096

    public init(
        batchSize: Int, channelCount: Int, headCount: Int, block: Int, voxelCount: Int, precision: Precision = .fp32
    ) {
        self.batchSize = batchSize
        self.channelCount = channelCount
        self.headCount = headCount
        self.block = block
        self.voxels = voxelCount
        self.precision = precision
        blockCount = (channelCount + block - 1) / block
        chunkCount = (voxelCount + Self.chunk - 1) / Self.chunk
        samplesPerTask = max(1, Self.chunk / voxelCount)
        weights = AlignedBuffer(count: headCount * blockCount * block)
        bias = AlignedBuffer(count: headCount)
        partial = AlignedBuffer(count: batchSize * chunkCount * blockCount * headCount * block)
    }

    public func setParameters(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>) {
        for head in 0..<headCount {
            for channel in 0..<channelCount {
                self.weights.pointer[head * blockCount * block + channel] = weights[head * channelCount + channel]
            }
            self.bias.pointer[head] = bias[head]
        }
    }

    /// Bytes in front of a voxel of a block of a sample's features.
    private func place(_ sample: Int, _ k: Int, _ voxel: Int) -> Int {
        ((sample * blockCount + k) * voxels + voxel) * block * precision.byteCount
    }

    private func chunkRange(_ index: Int) -> Range<Int> {
        index * voxels / chunkCount..<(index + 1) * voxels / chunkCount
    }

    /// Calls `body(sample, chunk)` for every part of the batch, small samples several to a task.
    private func forEachPart(_ body: @Sendable (Int, Int) -> Void) {
        let parts = batchSize * chunkCount
        Threads.forEach((parts + samplesPerTask - 1) / samplesPerTask) { [chunkCount, samplesPerTask] task in
            for part in task * samplesPerTask..<min((task + 1) * samplesPerTask, parts) {
                body(part / chunkCount, part % chunkCount)
            }
        }
    }

    public func forward(_ features: UnsafeRawPointer, _ logits: UnsafeMutablePointer<Float>) {
        nonisolated(unsafe) let (x, z) = (features, logits)
        forEachPart { [self] sample, chunk in
            let range = chunkRange(chunk)
            ckernels_head_forward(
                x + place(sample, 0, range.lowerBound), precision.element, Int64(voxels * block), Int32(blockCount),
                Int32(block), Int64(range.count), weights.pointer, bias.pointer, Int32(headCount),
                z + sample * headCount * voxels + range.lowerBound, Int64(voxels))
        }
    }

    /// - Parameter accumulate: adds to the gradient of the features instead of replacing it.
    public func backwardData(
        _ logitGradient: UnsafePointer<Float>, _ featureGradient: UnsafeMutableRawPointer, accumulate: Bool
    ) {
        nonisolated(unsafe) let (dz, dx) = (logitGradient, featureGradient)
        forEachPart { [self] sample, chunk in
            let range = chunkRange(chunk)
            for k in 0..<blockCount {
                ckernels_head_backward_data(
                    dx + place(sample, k, range.lowerBound), precision.element, Int32(block), Int64(range.count),
                    weights.pointer + k * block, Int64(blockCount * block), Int32(headCount),
                    dz + sample * headCount * voxels + range.lowerBound, Int64(voxels), accumulate ? 1 : 0)
            }
        }
    }

    /// Replaces the gradients of weights and bias.
    public func backwardWeights(
        _ features: UnsafeRawPointer, _ logitGradient: UnsafePointer<Float>,
        weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>
    ) {
        nonisolated(unsafe) let (x, dz) = (features, logitGradient)
        let size = headCount * block
        forEachPart { [self] sample, chunk in
            let range = chunkRange(chunk)
            for k in 0..<blockCount {
                ckernels_head_backward_weights(
                    x + place(sample, k, range.lowerBound), precision.element, Int32(block), Int64(range.count),
                    Int32(headCount), dz + sample * headCount * voxels + range.lowerBound,
                    Int64(voxels), partial.pointer + ((sample * chunkCount + chunk) * blockCount + k) * size)
            }
        }
        for head in 0..<headCount {
            for channel in 0..<channelCount {
                var sum = 0.0
                for part in 0..<batchSize * chunkCount {
                    sum +=
                        partial.pointer[(part * blockCount + channel / block) * size + head * block + channel % block]
                }
                weightGradient[head * channelCount + channel] = Float(sum)
            }
            var sum = 0.0
            for sample in 0..<batchSize {
                sum += ckernels_sum(logitGradient + (sample * headCount + head) * voxels, Int64(voxels))
            }
            biasGradient[head] = Float(sum)
        }
    }
}
