internal import CKernels
import Tensors
import Threads

/// Instance norm and LeakyReLU as one kernel, forward and backward, in place.
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
    private let batchSize: Int
    private let channelCount: Int
    private let block: Int
    private let blockCount: Int
    private let voxels: Int
    private let precision: Precision
    private let epsilon: Float
    private let leak: Float
    private let chunkCount: Int
    private let slabsPerTask: Int
    private let scale: AlignedBuffer<Float>
    private let shift: AlignedBuffer<Float>
    private let inverseScale: AlignedBuffer<Float>
    private let inverseDeviation: AlignedBuffer<Float>
    private let partial: AlignedBuffer<Double>
    private let sums: AlignedBuffer<Double>
    private static let chunk = 4096

    /// - Precondition: bfloat16 comes in blocks of 16.
    public init(
        batchSize: Int, channelCount: Int, block: Int, voxelCount: Int, precision: Precision = .fp32, epsilon: Float,
        leak: Float
    ) {
        precondition(precision == .fp32 || block == 16, "bfloat16 comes in blocks of 16 channels, not \(block)")
        self.batchSize = batchSize
        self.channelCount = channelCount
        self.block = block
        self.voxels = voxelCount
        self.precision = precision
        self.epsilon = epsilon
        self.leak = leak
        blockCount = (channelCount + block - 1) / block
        // Plain layouts have one channel per slab, sixteen times less data.
        let chunk = block == 1 ? Self.chunk * 16 : Self.chunk
        chunkCount = max(1, (voxelCount + chunk - 1) / chunk)
        slabsPerTask = max(1, chunk / voxelCount)
        let lanes = blockCount * block
        scale = AlignedBuffer(count: lanes)
        shift = AlignedBuffer(count: lanes)
        inverseScale = AlignedBuffer(count: lanes)
        inverseDeviation = AlignedBuffer(count: batchSize * lanes)
        partial = AlignedBuffer(count: batchSize * lanes * chunkCount * 2)
        sums = AlignedBuffer(count: batchSize * lanes * 2)
    }

    private var slabCount: Int { batchSize * blockCount }
    /// Bytes of so many voxels of a block.
    private func bytes(_ voxels: Int) -> Int { voxels * block * precision.byteCount }

    /// Takes over γ and β; lanes beyond the last channel stay 0.
    public func setParameters(scale: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        for channel in 0..<channelCount {
            self.scale.pointer[channel] = scale[channel]
            self.shift.pointer[channel] = shift[channel]
            // A scale that vanishes against its shift cannot be divided out of the output: its channel's n counts as 0.
            let vanishes = abs(scale[channel]) < 1e-6 * max(1, abs(shift[channel]))
            inverseScale.pointer[channel] = vanishes ? 0 : 1 / scale[channel]
        }
    }

    /// Chunk `index` of a slab's voxels.
    private func chunkRange(_ index: Int) -> Range<Int> {
        index * voxels / chunkCount..<(index + 1) * voxels / chunkCount
    }

    /// Turns the convolution's result into the layer's, in place.
    public func forward(_ x: UnsafeMutableRawPointer) {
        nonisolated(unsafe) let x = x
        if chunkCount == 1 {
            Threads.forEach((slabCount + slabsPerTask - 1) / slabsPerTask) { [self] task in
                for slab in task * slabsPerTask..<min((task + 1) * slabsPerTask, slabCount) {
                    moments(x, slab: slab, chunk: 0)
                    normalize(x, slab: slab, range: 0..<voxels)
                }
            }
        } else {
            Threads.forEach(slabCount * chunkCount) { [self] task in
                moments(x, slab: task / chunkCount, chunk: task % chunkCount)
            }
            Threads.forEach(slabCount * chunkCount) { [self] task in
                normalize(x, slab: task / chunkCount, range: chunkRange(task % chunkCount))
            }
        }
    }

    private func moments(_ x: UnsafeMutableRawPointer, slab: Int, chunk: Int) {
        let range = chunkRange(chunk)
        let place = partial.pointer + (slab * chunkCount + chunk) * 2 * block
        ckernels_moments(
            x + bytes(slab * voxels + range.lowerBound), precision.element, Int64(range.count), Int32(block), place,
            place + block)
    }

    private func normalize(_ x: UnsafeMutableRawPointer, slab: Int, range: Range<Int>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let (scales, shifts) = (lanes.baseAddress!, lanes.baseAddress! + block)
            let first = slab % blockCount * block
            for lane in 0..<block {
                var (mean, deviation, total) = (0.0, 0.0, 0.0)
                for chunk in 0..<chunkCount {
                    let place = partial.pointer + (slab * chunkCount + chunk) * 2 * block + lane
                    let count = Double(chunkRange(chunk).count)
                    let delta = place[0] - mean
                    mean += delta * (count / (total + count))
                    deviation += place[block] + delta * delta * (total * count / (total + count))
                    total += count
                }
                let inverse = 1 / (deviation / total + Double(epsilon)).squareRoot()
                let scale = Double(self.scale.pointer[first + lane])
                scales[lane] = Float(scale * inverse)
                shifts[lane] = Float(Double(shift.pointer[first + lane]) - mean * scale * inverse)
                // Every chunk of a slab writes the same value.
                if range.lowerBound == 0 { inverseDeviation.pointer[slab * block + lane] = Float(inverse) }
            }
            if voxels == 1 {
                for lane in 0..<block { (scales[lane], shifts[lane]) = (0, shift.pointer[first + lane]) }
            }
            ckernels_affine_leaky(
                x + bytes(slab * voxels + range.lowerBound), precision.element, Int64(range.count), Int32(block),
                scales,
                shifts, leak)
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
        if chunkCount == 1 {
            Threads.forEach((slabCount + slabsPerTask - 1) / slabsPerTask) { [self] task in
                for slab in task * slabsPerTask..<min((task + 1) * slabsPerTask, slabCount) {
                    gradientSums(y, dy, dy2, slab: slab, chunk: 0)
                    applyGradient(y, dy, dy2, slab: slab, range: 0..<voxels)
                }
            }
        } else {
            Threads.forEach(slabCount * chunkCount) { [self] task in
                gradientSums(y, dy, dy2, slab: task / chunkCount, chunk: task % chunkCount)
            }
            Threads.forEach(slabCount * chunkCount) { [self] task in
                applyGradient(y, dy, dy2, slab: task / chunkCount, range: chunkRange(task % chunkCount))
            }
        }
        for channel in 0..<channelCount {
            var (shift, scale) = (0.0, 0.0)
            for sample in 0..<batchSize {
                let place = sums.pointer + (sample * blockCount + channel / block) * 2 * block + channel % block
                shift += place[0]
                scale += place[block]
            }
            shiftGradient[channel] = Float(shift)
            scaleGradient[channel] = Float(scale)
        }
    }

    private func gradientSums(
        _ y: UnsafeRawPointer, _ dy: UnsafeMutableRawPointer, _ dy2: UnsafeRawPointer?, slab: Int, chunk: Int
    ) {
        let range = chunkRange(chunk)
        let offset = bytes(slab * voxels + range.lowerBound)
        let first = slab % blockCount * block
        let place = partial.pointer + (slab * chunkCount + chunk) * 2 * block
        ckernels_norm_gradient_sums(
            y + offset, dy + offset, dy2.map { $0 + offset }, precision.element, Int64(range.count), Int32(block),
            shift.pointer + first, inverseScale.pointer + first, leak, place, place + block)
    }

    private func applyGradient(
        _ y: UnsafeRawPointer, _ dy: UnsafeMutableRawPointer, _ dy2: UnsafeRawPointer?, slab: Int,
        range: Range<Int>
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * block) { lanes in
            // A buffer of a known size above 0 has an address.
            let a = lanes.baseAddress!
            let (b, c) = (a + block, a + 2 * block)
            let first = slab % blockCount * block
            for lane in 0..<block {
                var (g, gn) = (0.0, 0.0)
                for chunk in 0..<chunkCount {
                    let place = partial.pointer + (slab * chunkCount + chunk) * 2 * block + lane
                    g += place[0]
                    gn += place[block]
                }
                if voxels == 1 { gn = 0 }
                if range.lowerBound == 0 {
                    sums.pointer[slab * 2 * block + lane] = g
                    sums.pointer[slab * 2 * block + block + lane] = gn
                }
                let factor =
                    voxels == 1
                    ? 0 : Double(scale.pointer[first + lane]) * Double(inverseDeviation.pointer[slab * block + lane])
                a[lane] = Float(factor)
                b[lane] = Float(factor * g / Double(voxels))
                c[lane] = Float(factor * gn / Double(voxels))
            }
            let offset = bytes(slab * voxels + range.lowerBound)
            ckernels_norm_gradient(
                y + offset, dy + offset, dy2.map { $0 + offset }, precision.element, Int64(range.count), Int32(block),
                shift.pointer + first, inverseScale.pointer + first, leak, a, b, c)
        }
    }
}
