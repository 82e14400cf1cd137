internal import CKernels
internal import COpenBLAS
import Tensors
import Threads

/// A convolution on maps of a few voxels for any CPU and any number of channels, one GEMM per link; ``LinkConvolution``
/// is the fast one.
///
/// Activations are in channel blocks, as oneDNN's; inside, they are float32 `[voxel, N, C]` in either precision. Each
/// task owns what it writes and adds in a fixed order, so the bits do not depend on the number of threads.
final class TapConvolution: Convolution {
    let shape: ConvolutionShape
    let scratchByteCount = 0
    let algorithm = ConvolutionAlgorithm.taps

    private let block: Int
    private let links: [VoxelLinks.Link]
    /// Taps in use, by their place in the kernel.
    private let taps: [Int]
    private let inputVoxels: Int
    private let outputVoxels: Int
    /// `[tap, Cout, Cin]`.
    private var weights: AlignedBuffer<Float>
    private var sharesWeights = false
    private let weightGradient: AlignedBuffer<Float>
    /// `[voxel, N, C]` of the input side and of the output side.
    private let inputMatrix: AlignedBuffer<Float>
    private let outputMatrix: AlignedBuffer<Float>
    private static let columns = 64

    /// Largest map, in voxels, that this way of computing suits.
    static let largestMap = 8

    static func suits(_ shape: ConvolutionShape) -> Bool {
        !shape.isTransposed && !shape.isFirst && shape.inputSize.reduce(1, *) <= largestMap
    }

    init(_ shape: ConvolutionShape, block: Int) {
        self.shape = shape
        self.block = block
        inputVoxels = shape.inputSize.reduce(1, *)
        outputVoxels = shape.outputSize.reduce(1, *)
        let voxelLinks = VoxelLinks(shape)
        taps = voxelLinks.taps
        links = voxelLinks.links
        let matrix = shape.inputChannelCount * shape.outputChannelCount
        weights = AlignedBuffer(count: taps.count * matrix)
        weightGradient = AlignedBuffer(count: shape.needsBackward ? taps.count * matrix : 0)
        inputMatrix = AlignedBuffer(count: inputVoxels * shape.batchSize * shape.inputChannelCount)
        outputMatrix = AlignedBuffer(count: outputVoxels * shape.batchSize * shape.outputChannelCount)
        openblas_set_num_threads(1)
    }

    private var inner: Int { shape.inputChannelCount }
    private var outer: Int { shape.outputChannelCount }
    private var samples: Int { shape.batchSize }

    func shareWeights(of other: any Convolution) -> Bool {
        guard let other = other.weightHolder as? TapConvolution, other.taps == taps,
            other.weights.count == weights.count
        else { return false }
        weights = other.weights
        sharesWeights = true
        return true
    }

    func setWeights(_ weights: UnsafePointer<Float>) {
        guard !sharesWeights else { return }
        let volume = shape.kernel.reduce(1, *)
        nonisolated(unsafe) let (source, this) = (weights, self)
        Threads.forEach(outer) { row in
            for (place, tap) in this.taps.enumerated() {
                let target = this.weights.pointer + (place * this.outer + row) * this.inner
                let first = source + row * this.shape.weightStride + tap
                for channel in 0..<this.inner { target[channel] = first[channel * volume] }
            }
        }
    }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        gather(input, into: inputMatrix, voxels: inputVoxels, channels: inner)
        nonisolated(unsafe) let this = self
        let parts = (outer + Self.columns - 1) / Self.columns
        Threads.forEach(outputVoxels * parts) { task in
            let (voxel, start) = (task / parts, task % parts * Self.columns)
            let width = min(Self.columns, this.outer - start)
            var beta: Float = 0
            for link in this.links where link.output == voxel {
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasTrans, blasint(this.samples), blasint(width), blasint(this.inner),
                    1,
                    this.inputMatrix.pointer + link.input * this.samples * this.inner, blasint(this.inner),
                    this.weights.pointer + (link.tap * this.outer + start) * this.inner, blasint(this.inner), beta,
                    this.outputMatrix.pointer + voxel * this.samples * this.outer + start, blasint(this.outer))
                beta = 1
            }
        }
        scatter(outputMatrix, into: output, voxels: outputVoxels, channels: outer, adding: shape.accumulates)
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        gather(outputGradient, into: outputMatrix, voxels: outputVoxels, channels: outer)
        nonisolated(unsafe) let this = self
        let parts = (inner + Self.columns - 1) / Self.columns
        Threads.forEach(inputVoxels * parts) { task in
            let (voxel, start) = (task / parts, task % parts * Self.columns)
            let width = min(Self.columns, this.inner - start)
            let target = this.inputMatrix.pointer + voxel * this.samples * this.inner + start
            var beta: Float = 0
            for link in this.links where link.input == voxel {
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(this.samples), blasint(width),
                    blasint(this.outer),
                    1, this.outputMatrix.pointer + link.output * this.samples * this.outer, blasint(this.outer),
                    this.weights.pointer + link.tap * this.outer * this.inner + start, blasint(this.inner), beta,
                    target,
                    blasint(this.inner))
                beta = 1
            }
            if beta == 0 {
                // A stride may skip an input voxel: no output saw it.
                for sample in 0..<this.samples { (target + sample * this.inner).update(repeating: 0, count: width) }
            }
        }
        scatter(inputMatrix, into: inputGradient, voxels: inputVoxels, channels: inner, adding: false)
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        gather(input, into: inputMatrix, voxels: inputVoxels, channels: inner)
        gather(outputGradient, into: outputMatrix, voxels: outputVoxels, channels: outer)
        nonisolated(unsafe) let (target, this) = (weights, self)
        let parts = (outer + Self.columns - 1) / Self.columns
        Threads.forEach(taps.count * parts) { task in
            let (tap, start) = (task / parts, task % parts * Self.columns)
            let height = min(Self.columns, this.outer - start)
            var beta: Float = 0
            for link in this.links where link.tap == tap {
                cblas_sgemm(
                    CblasRowMajor, CblasTrans, CblasNoTrans, blasint(height), blasint(this.inner),
                    blasint(this.samples),
                    1, this.outputMatrix.pointer + link.output * this.samples * this.outer + start, blasint(this.outer),
                    this.inputMatrix.pointer + link.input * this.samples * this.inner, blasint(this.inner), beta,
                    this.weightGradient.pointer + (tap * this.outer + start) * this.inner, blasint(this.inner))
                beta = 1
            }
        }
        let volume = shape.kernel.reduce(1, *)
        Threads.forEach(outer) { row in
            let first = target + row * this.shape.weightStride
            first.update(repeating: 0, count: this.inner * volume)
            for (place, tap) in this.taps.enumerated() {
                let source = this.weightGradient.pointer + (place * this.outer + row) * this.inner
                for channel in 0..<this.inner { first[channel * volume + tap] = source[channel] }
            }
        }
    }

    /// Blocked activations to float32 `[voxel, N, C]`.
    private func gather(_ source: UnsafeRawPointer, into matrix: AlignedBuffer<Float>, voxels: Int, channels: Int) {
        nonisolated(unsafe) let (source, this) = (source, self)
        let (block, samples, blocks) = (block, samples, (channels + block - 1) / block)
        Threads.forEach(samples) { sample in
            for k in 0..<blocks {
                ckernels_unpack_lanes(
                    source + (sample * blocks + k) * voxels * block * this.shape.precision.byteCount,
                    this.shape.precision.element, Int64(voxels), Int32(block), Int32(min(block, channels - k * block)),
                    matrix.pointer + sample * channels + k * block, Int64(samples * channels))
            }
        }
    }

    /// Float32 `[voxel, N, C]` to blocked activations, lanes beyond the last channel 0.
    private func scatter(
        _ matrix: AlignedBuffer<Float>, into target: UnsafeMutableRawPointer, voxels: Int, channels: Int, adding: Bool
    ) {
        nonisolated(unsafe) let (target, this) = (target, self)
        let (block, samples, blocks) = (block, samples, (channels + block - 1) / block)
        Threads.forEach(samples) { sample in
            for k in 0..<blocks {
                ckernels_pack_lanes(
                    matrix.pointer + sample * channels + k * block, Int64(samples * channels), Int64(voxels),
                    Int32(block), Int32(min(block, channels - k * block)), adding ? 1 : 0,
                    target + (sample * blocks + k) * voxels * block * this.shape.precision.byteCount,
                    this.shape.precision.element)
            }
        }
    }
}
