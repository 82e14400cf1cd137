internal import CKernels
import Tensors

/// Instance norm, addition of a skip path and LeakyReLU as one kernel, forward and backward: the end of a residual
/// block.
///
/// `y = leaky(γ · n + β + s)`, `n = (x − mean) / √(variance + ε)`, biased variance, per sample and channel. A sample of
/// one voxel has `n = 0`: the output is `leaky(β + s)`, and no gradient reaches the input or γ.
///
/// The input is kept: γ starts at 0 here, so its gradient needs an n that the output does not hold.
///
/// - Shapes: activations `[N, C / block, D, H, W, block]` in the given precision; γ, β and their gradients `[C]`,
///   float32.
/// - Determinism: sums run in chunks of a fixed size, so the bits do not depend on the number of threads.
public final class InstanceNormAddLeaky: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    private let chunks: NormChunks
    private let epsilon: Float
    private let leak: Float
    private let scale: AlignedBuffer<Float>
    private let shift: AlignedBuffer<Float>
    private let mean: AlignedBuffer<Float>
    private let inverseDeviation: AlignedBuffer<Float>

    /// - Precondition: bfloat16 comes in blocks of 16.
    public init(
        batchSize: Int, channelCount: Int, block: Int, voxelCount: Int, precision: Precision = .fp32, epsilon: Float,
        leak: Float
    ) {
        self.epsilon = epsilon
        self.leak = leak
        chunks = NormChunks(
            batchSize: batchSize, channelCount: channelCount, block: block, voxelCount: voxelCount, precision: precision
        )
        scale = AlignedBuffer(count: chunks.laneCount)
        shift = AlignedBuffer(count: chunks.laneCount)
        mean = AlignedBuffer(count: batchSize * chunks.laneCount)
        inverseDeviation = AlignedBuffer(count: batchSize * chunks.laneCount)
    }

    /// Takes over γ and β; lanes beyond the last channel stay 0.
    public func setParameters(scale: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        self.scale.pointer.update(from: scale, count: chunks.channelCount)
        self.shift.pointer.update(from: shift, count: chunks.channelCount)
    }

    /// - Parameters:
    ///   - x: the convolution's result; stays.
    ///   - skip: what is added to it, normalized.
    ///   - y: the block's result, in memory of its own.
    public func forward(_ x: UnsafeRawPointer, skip: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
        nonisolated(unsafe) let (x, skip, y) = (x, skip, y)
        chunks.forEach(
            measure: { [chunks] in chunks.measureMoments(x, $0, $1) },
            apply: { [self] in join(x, skip, y, slab: $0, range: $1) })
    }

    private func join(
        _ x: UnsafeRawPointer, _ skip: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, slab: Int, range: Range<Int>
    ) {
        let block = chunks.block
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let (scales, shifts) = (lanes.baseAddress!, lanes.baseAddress! + block)
            let first = chunks.firstChannel(slab)
            for lane in 0..<block {
                let (mean, variance) = chunks.moments(slab, lane)
                let inverse = chunks.voxelCount == 1 ? 0 : 1 / (variance + Double(epsilon)).squareRoot()
                let scale = Double(self.scale.pointer[first + lane]) * inverse
                scales[lane] = Float(scale)
                shifts[lane] = Float(Double(shift.pointer[first + lane]) - mean * scale)
                // Every chunk of a slab has the same values.
                if range.lowerBound == 0 {
                    self.mean.pointer[slab * block + lane] = Float(mean)
                    inverseDeviation.pointer[slab * block + lane] = Float(inverse)
                }
            }
            let offset = chunks.offset(slab, range.lowerBound)
            ckernels_affine_add_leaky(
                x + offset, skip + offset, y + offset, chunks.precision.element, Int64(range.count), Int32(block),
                scales, shifts, leak)
        }
    }

    /// Replaces the gradients of the input, of γ and of β.
    ///
    /// - Parameters:
    ///   - y: what ``forward(_:skip:_:)`` gave.
    ///   - x: what it was given.
    ///   - gradient: of the output; becomes the gradient of the skip path.
    ///   - second: a further gradient of the output, to be added, or nil.
    ///   - inputGradient: of `x`, in memory of its own.
    public func backward(
        _ y: UnsafeRawPointer, _ x: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, second: UnsafeRawPointer?,
        inputGradient: UnsafeMutableRawPointer, scaleGradient: UnsafeMutablePointer<Float>,
        shiftGradient: UnsafeMutablePointer<Float>
    ) {
        nonisolated(unsafe) let (y, x, dy, dy2, dx) = (y, x, gradient, second, inputGradient)
        chunks.forEach(
            measure: { [self] slab, chunk in
                let offset = chunks.offset(slab, chunks.voxels(chunk).lowerBound)
                let place = chunks.place(slab, chunk)
                ckernels_join_gradient_sums(
                    y + offset, x + offset, dy + offset, dy2.map { $0 + offset }, chunks.precision.element,
                    Int64(chunks.voxels(chunk).count), Int32(chunks.block), mean.pointer + slab * chunks.block,
                    inverseDeviation.pointer + slab * chunks.block, leak, place, place + chunks.block)
            },
            apply: { [self] in applyGradient(y, x, dy, dy2, dx, slab: $0, range: $1) })
        chunks.parameterGradients(scale: scaleGradient, shift: shiftGradient)
    }

    private func applyGradient(
        _ y: UnsafeRawPointer, _ x: UnsafeRawPointer, _ dy: UnsafeMutableRawPointer, _ dy2: UnsafeRawPointer?,
        _ dx: UnsafeMutableRawPointer, slab: Int, range: Range<Int>
    ) {
        let block = chunks.block
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let a = lanes.baseAddress!
            let (b, c) = (a + block, a + 2 * block)
            let (means, inverses) = (mean.pointer + slab * block, inverseDeviation.pointer + slab * block)
            for lane in 0..<block {
                let (g, gn) = chunks.gradientSums(slab, lane, isKept: range.lowerBound == 0)
                // 0 for a single voxel, whose inverse deviation is.
                let factor = Double(scale.pointer[chunks.firstChannel(slab) + lane]) * Double(inverses[lane])
                a[lane] = Float(factor)
                b[lane] = Float(factor * g / Double(chunks.voxelCount))
                c[lane] = Float(factor * gn / Double(chunks.voxelCount))
            }
            let offset = chunks.offset(slab, range.lowerBound)
            ckernels_join_gradient(
                y + offset, x + offset, dy + offset, dy2.map { $0 + offset }, dx + offset, chunks.precision.element,
                Int64(range.count), Int32(block), means, inverses, leak, a, b, c)
        }
    }
}
