internal import CKernels
import Tensors

/// Instance norm and LeakyReLU as one kernel, forward and backward, in place; with a leak of 1, instance norm alone.
///
/// The normalized input is recomputed from the output in the backward pass, so only the output is kept:
/// `y = leaky(γ · n + β)`, `n = (x − mean) / √(variance + ε)`, biased variance, per sample and channel.
/// A sample of one voxel has `n = 0`: the output is `leaky(β)`, and no gradient reaches the input or γ.
///
/// - Shapes: activations `[N, C / block, D, H, W, block]` in the given precision; γ, β and their gradients `[C]`,
///   float32.
/// - Determinism: sums run in chunks of a fixed size, so the bits do not depend on the number of threads.
public final class InstanceNormLeaky: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    private let chunks: NormChunks
    private let epsilon: Float
    private let leak: Float
    private let scale: AlignedBuffer<Float>
    private let shift: AlignedBuffer<Float>
    private let inverseScale: AlignedBuffer<Float>
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
        inverseScale = AlignedBuffer(count: chunks.laneCount)
        inverseDeviation = AlignedBuffer(count: batchSize * chunks.laneCount)
    }

    /// Takes over γ and β; lanes beyond the last channel stay 0.
    public func setParameters(scale: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        for channel in 0..<chunks.channelCount {
            self.scale.pointer[channel] = scale[channel]
            self.shift.pointer[channel] = shift[channel]
            // A scale that vanishes against its shift cannot be divided out of the output: its channel's n counts as 0.
            let vanishes = abs(scale[channel]) < 1e-6 * max(1, abs(shift[channel]))
            inverseScale.pointer[channel] = vanishes ? 0 : 1 / scale[channel]
        }
    }

    /// Turns the convolution's result into the layer's, in place.
    public func forward(_ x: UnsafeMutableRawPointer) {
        nonisolated(unsafe) let x = x
        chunks.forEach(
            measure: { [chunks] in chunks.measureMoments(x, $0, $1) },
            apply: { [self] in normalize(x, slab: $0, range: $1) })
    }

    private func normalize(_ x: UnsafeMutableRawPointer, slab: Int, range: Range<Int>) {
        let block = chunks.block
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let (scales, shifts) = (lanes.baseAddress!, lanes.baseAddress! + block)
            let first = chunks.firstChannel(slab)
            for lane in 0..<block {
                let (mean, variance) = chunks.moments(slab, lane)
                let inverse = 1 / (variance + Double(epsilon)).squareRoot()
                let scale = Double(self.scale.pointer[first + lane])
                scales[lane] = Float(scale * inverse)
                shifts[lane] = Float(Double(shift.pointer[first + lane]) - mean * scale * inverse)
                // Every chunk of a slab has the same value.
                if range.lowerBound == 0 { inverseDeviation.pointer[slab * block + lane] = Float(inverse) }
            }
            if chunks.voxelCount == 1 {
                for lane in 0..<block { (scales[lane], shifts[lane]) = (0, shift.pointer[first + lane]) }
            }
            ckernels_affine_leaky(
                x + chunks.offset(slab, range.lowerBound), chunks.precision.element, Int64(range.count), Int32(block),
                scales, shifts, leak)
        }
    }

    /// Turns the gradient of the output into that of the input, in place, and replaces the gradients of γ and β.
    ///
    /// - Parameters:
    ///   - y: what ``forward(_:)`` gave.
    ///   - gradient: of the output; becomes the gradient of the input.
    ///   - second: a further gradient of the output, to be added, or nil.
    public func backward(
        _ y: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, second: UnsafeRawPointer?,
        scaleGradient: UnsafeMutablePointer<Float>, shiftGradient: UnsafeMutablePointer<Float>
    ) {
        nonisolated(unsafe) let (y, dy, dy2) = (y, gradient, second)
        chunks.forEach(
            measure: { [self] in gradientSums(y, dy, dy2, slab: $0, chunk: $1) },
            apply: { [self] in applyGradient(y, dy, dy2, slab: $0, range: $1) })
        chunks.parameterGradients(scale: scaleGradient, shift: shiftGradient)
    }

    private func gradientSums(
        _ y: UnsafeRawPointer, _ dy: UnsafeMutableRawPointer, _ dy2: UnsafeRawPointer?, slab: Int, chunk: Int
    ) {
        let range = chunks.voxels(chunk)
        let offset = chunks.offset(slab, range.lowerBound)
        let first = chunks.firstChannel(slab)
        let place = chunks.place(slab, chunk)
        ckernels_norm_gradient_sums(
            y + offset, dy + offset, dy2.map { $0 + offset }, chunks.precision.element, Int64(range.count),
            Int32(chunks.block), shift.pointer + first, inverseScale.pointer + first, leak, place, place + chunks.block)
    }

    private func applyGradient(
        _ y: UnsafeRawPointer, _ dy: UnsafeMutableRawPointer, _ dy2: UnsafeRawPointer?, slab: Int,
        range: Range<Int>
    ) {
        let block = chunks.block
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let a = lanes.baseAddress!
            let (b, c) = (a + block, a + 2 * block)
            let first = chunks.firstChannel(slab)
            for lane in 0..<block {
                let (g, gn) = chunks.gradientSums(slab, lane, isKept: range.lowerBound == 0)
                let factor =
                    chunks.voxelCount == 1
                    ? 0 : Double(scale.pointer[first + lane]) * Double(inverseDeviation.pointer[slab * block + lane])
                a[lane] = Float(factor)
                b[lane] = Float(factor * g / Double(chunks.voxelCount))
                c[lane] = Float(factor * gn / Double(chunks.voxelCount))
            }
            let offset = chunks.offset(slab, range.lowerBound)
            ckernels_norm_gradient(
                y + offset, dy + offset, dy2.map { $0 + offset }, chunks.precision.element, Int64(range.count),
                Int32(block), shift.pointer + first, inverseScale.pointer + first, leak, a, b, c)
        }
    }
}
