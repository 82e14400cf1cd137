internal import CKernels
import Tensors
import Threads

/// The voxels of a batch's channel blocks, cut into chunks, and two sums per lane that every chunk leaves: what an
/// instance norm gathers in its first pass over the data, in either direction, and uses in its second.
///
/// A slab is one block of one sample. The sizes alone cut the chunks and order the sums.
struct NormChunks: Sendable {
    let batchSize: Int
    let channelCount: Int
    let block: Int
    let blockCount: Int
    let voxelCount: Int
    let precision: Precision
    private let chunkCount: Int
    private let slabsPerTask: Int
    /// Two sums per lane and chunk.
    private let partial: AlignedBuffer<Double>
    /// Two sums per lane and slab: of the gradient, and of its product with the normalized input.
    private let totals: AlignedBuffer<Double>
    private static let chunk = 4096

    /// - Precondition: bfloat16 comes in blocks of 16.
    init(batchSize: Int, channelCount: Int, block: Int, voxelCount: Int, precision: Precision) {
        precondition(precision == .fp32 || block == 16, "bfloat16 comes in blocks of 16 channels, not \(block)")
        self.batchSize = batchSize
        self.channelCount = channelCount
        self.block = block
        self.voxelCount = voxelCount
        self.precision = precision
        blockCount = (channelCount + block - 1) / block
        // Plain layouts have one channel per slab, sixteen times less data.
        let chunk = block == 1 ? Self.chunk * 16 : Self.chunk
        chunkCount = max(1, (voxelCount + chunk - 1) / chunk)
        slabsPerTask = max(1, chunk / voxelCount)
        partial = AlignedBuffer(count: batchSize * blockCount * block * chunkCount * 2)
        totals = AlignedBuffer(count: batchSize * blockCount * block * 2)
    }

    /// Lanes of all blocks.
    var laneCount: Int { blockCount * block }
    private var slabCount: Int { batchSize * blockCount }

    /// Bytes in front of a voxel of a slab.
    func offset(_ slab: Int, _ voxel: Int) -> Int { (slab * voxelCount + voxel) * block * precision.byteCount }
    /// The channel of a slab's first lane.
    func firstChannel(_ slab: Int) -> Int { slab % blockCount * block }
    /// A chunk of a slab's voxels.
    func voxels(_ chunk: Int) -> Range<Int> { chunk * voxelCount / chunkCount..<(chunk + 1) * voxelCount / chunkCount }
    /// Where a chunk leaves its first sum of every lane; the second ones follow.
    func place(_ slab: Int, _ chunk: Int) -> UnsafeMutablePointer<Double> {
        partial.pointer + (slab * chunkCount + chunk) * 2 * block
    }

    /// Calls `measure` for every chunk of a slab and then, when all have left their sums, `apply`; small slabs several
    /// to a task.
    func forEach(
        measure: @Sendable (_ slab: Int, _ chunk: Int) -> Void,
        apply: @Sendable (_ slab: Int, _ voxels: Range<Int>) -> Void
    ) {
        if chunkCount == 1 {
            Threads.forEach((slabCount + slabsPerTask - 1) / slabsPerTask) { task in
                for slab in task * slabsPerTask..<min((task + 1) * slabsPerTask, slabCount) {
                    measure(slab, 0)
                    apply(slab, 0..<voxelCount)
                }
            }
        } else {
            Threads.forEach(slabCount * chunkCount) { measure($0 / chunkCount, $0 % chunkCount) }
            Threads.forEach(slabCount * chunkCount) { apply($0 / chunkCount, voxels($0 % chunkCount)) }
        }
    }

    /// Mean and sum of squared deviations of every lane of a chunk of `x`.
    func measureMoments(_ x: UnsafeRawPointer, _ slab: Int, _ chunk: Int) {
        let (range, sums) = (voxels(chunk), place(slab, chunk))
        ckernels_moments(
            x + offset(slab, range.lowerBound), precision.element, Int64(range.count), Int32(block), sums, sums + block)
    }

    /// Mean and biased variance of a lane, from the moments of its chunks (Chan, Golub, LeVeque 1979).
    func moments(_ slab: Int, _ lane: Int) -> (mean: Double, variance: Double) {
        var (mean, deviation, total) = (0.0, 0.0, 0.0)
        for chunk in 0..<chunkCount {
            let place = place(slab, chunk) + lane
            let count = Double(voxels(chunk).count)
            let delta = place[0] - mean
            mean += delta * (count / (total + count))
            deviation += place[block] + delta * delta * (total * count / (total + count))
            total += count
        }
        return (mean, deviation / total)
    }

    /// The sums of a lane over its chunks; kept for ``parameterGradients(scale:shift:)`` if `isKept`, by one task per
    /// slab.
    func gradientSums(_ slab: Int, _ lane: Int, isKept: Bool) -> (g: Double, gn: Double) {
        var (g, gn) = (0.0, 0.0)
        for chunk in 0..<chunkCount {
            let place = place(slab, chunk) + lane
            g += place[0]
            gn += place[block]
        }
        // The normalized input of a single voxel is 0.
        if voxelCount == 1 { gn = 0 }
        if isKept {
            totals.pointer[slab * 2 * block + lane] = g
            totals.pointer[slab * 2 * block + block + lane] = gn
        }
        return (g, gn)
    }

    /// Replaces the gradients of γ and β by the kept sums over all samples.
    func parameterGradients(scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>) {
        for channel in 0..<channelCount {
            var (g, gn) = (0.0, 0.0)
            for sample in 0..<batchSize {
                let place = totals.pointer + (sample * blockCount + channel / block) * 2 * block + channel % block
                g += place[0]
                gn += place[block]
            }
            shift[channel] = Float(g)
            scale[channel] = Float(gn)
        }
    }
}
