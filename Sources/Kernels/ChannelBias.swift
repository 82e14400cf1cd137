internal import CKernels
import Tensors
import Threads

/// Adds a bias to every channel of blocked activations, in place, and sums gradients to the bias's.
///
/// - Shapes: activations `[N, C / block, D, H, W, block]` in the given precision; bias and its gradient `[C]`, float32.
/// - Determinism: sums run in chunks of a fixed size, so the bits do not depend on the number of threads.
public final class ChannelBias: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    private let batchSize: Int
    private let channelCount: Int
    private let block: Int
    private let blockCount: Int
    private let voxels: Int
    private let precision: Precision
    private let chunkCount: Int
    private let ones: AlignedBuffer<Float>
    private let bias: AlignedBuffer<Float>
    private let partial: AlignedBuffer<Double>
    private static let chunk = 4096

    public init(batchSize: Int, channelCount: Int, block: Int, voxelCount: Int, precision: Precision = .fp32) {
        self.batchSize = batchSize
        self.channelCount = channelCount
        self.block = block
        self.voxels = voxelCount
        self.precision = precision
        blockCount = (channelCount + block - 1) / block
        chunkCount = (voxelCount + Self.chunk - 1) / Self.chunk
        ones = AlignedBuffer(Array(repeating: 1, count: block))
        bias = AlignedBuffer(count: blockCount * block)
        partial = AlignedBuffer(count: batchSize * blockCount * chunkCount * 2 * block)
    }

    /// Takes over the bias; lanes beyond the last channel stay 0.
    public func setParameters(bias: UnsafePointer<Float>) {
        self.bias.pointer.update(from: bias, count: channelCount)
    }

    /// Calls `body` for every chunk of voxels of every block, with its number and its first byte.
    private func forEachChunk(_ body: @Sendable (_ task: Int, _ voxels: Range<Int>, _ offset: Int) -> Void) {
        Threads.forEach(batchSize * blockCount * chunkCount) { [self] task in
            let (slab, chunk) = (task / chunkCount, task % chunkCount)
            let range = chunk * voxels / chunkCount..<(chunk + 1) * voxels / chunkCount
            body(task, range, (slab * voxels + range.lowerBound) * block * precision.byteCount)
        }
    }

    public func add(to x: UnsafeMutableRawPointer) {
        nonisolated(unsafe) let x = x
        forEachChunk { [self] task, range, offset in
            ckernels_affine_leaky(
                x + offset, precision.element, Int64(range.count), Int32(block), ones.pointer,
                bias.pointer + task / chunkCount % blockCount * block, 1)
        }
    }

    /// Replaces the gradient of the bias by the sums over samples and voxels of the activations' gradient.
    public func backward(_ gradient: UnsafeRawPointer, into biasGradient: UnsafeMutablePointer<Float>) {
        nonisolated(unsafe) let gradient = gradient
        forEachChunk { [self] task, range, offset in
            let place = partial.pointer + task * 2 * block
            ckernels_moments(
                gradient + offset, precision.element, Int64(range.count), Int32(block), place, place + block)
            for lane in 0..<block { place[lane] *= Double(range.count) }
        }
        for channel in 0..<channelCount {
            var sum = 0.0
            for sample in 0..<batchSize {
                for chunk in 0..<chunkCount {
                    let task = (sample * blockCount + channel / block) * chunkCount + chunk
                    sum += partial.pointer[task * 2 * block + channel % block]
                }
            }
            biasGradient[channel] = Float(sum)
        }
    }
}
