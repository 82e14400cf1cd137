internal import CKernels
import Tensors
import Threads

/// A convolution or transposed convolution on a small map along its links, so that taps that see only padding cost
/// nothing (on 1×1×1 maps 26 of 27, on 2×2×2 maps 70 %) and all samples of a voxel share its weights. Needs AVX-512 and
/// channels in blocks of 16.
///
/// Sums are float32; factors are bfloat16 if the activations are and the CPU multiplies it. The shape alone orders the
/// sums, so the bits do not depend on the number of threads.
final class LinkConvolution: Convolution {
    let shape: ConvolutionShape
    let scratchByteCount: Int
    let algorithm = ConvolutionAlgorithm.links
    private let forwardPass: LinkPass
    private let backwardPass: LinkPass
    private let gradient: LinkGradient
    private var weights: AlignedBuffer<UInt8>
    /// Of the pass back.
    private var exchangedWeights: AlignedBuffer<UInt8>
    private var sharesWeights = false

    /// Whether there are links to compute with: which maps are small enough, others decide.
    static func suits(_ shape: ConvolutionShape, block: Int) -> Bool {
        !shape.isFirst && block == 16 && shape.inputChannelCount % 16 == 0 && shape.outputChannelCount % 16 == 0
            && shape.kernel.reduce(1, *) <= Int(CKERNELS_LINKS_TAPS)
            && ckernels_is_wide(CKERNELS_FLOAT32) != 0
    }

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        let links = VoxelLinks(shape)
        let plain = ckernels_links(shape, links)
        let ones = [1, 1, 1]
        forwardPass = LinkPass(
            plain,
            LinkRows(
                links, sampleCount: shape.batchSize, size: shape.outputSize,
                phases: shape.isTransposed ? shape.stride : ones
            ) { ($0.input, $0.output) })
        backwardPass = LinkPass(
            plain.exchanged,
            LinkRows(
                links, sampleCount: shape.batchSize, size: shape.inputSize,
                phases: shape.isTransposed ? ones : shape.stride
            ) { ($0.output, $0.input) })
        gradient = LinkGradient(shape, links)
        weights = AlignedBuffer(count: plain.weightByteCount)
        exchangedWeights = AlignedBuffer(count: shape.needsBackward ? plain.exchanged.weightByteCount : 0)
        let backward = max(backwardPass.scratchByteCount, gradient.scratchByteCount)
        scratchByteCount = max(forwardPass.scratchByteCount, shape.needsBackward ? backward : 0)
    }

    func shareWeights(of other: any Convolution) -> Bool {
        guard let other = other.weightHolder as? LinkConvolution, other.weights.count == weights.count,
            other.exchangedWeights.count >= exchangedWeights.count,
            other.gradient.layout.places.array == gradient.layout.places.array
        else { return false }
        weights = other.weights
        exchangedWeights = other.exchangedWeights
        sharesWeights = true
        return true
    }

    func setWeights(_ weights: UnsafePointer<Float>) {
        guard !sharesWeights else { return }
        nonisolated(unsafe) let (weights, this) = (weights, self)
        let plain = forwardPass.plain
        let (inner, outer) = (shape.inputChannelCount / 16, shape.outputChannelCount / 16)
        // Blocks in the order of the plain weights.
        let columns = shape.isTransposed ? outer : inner
        Threads.forEach(inner * outer) { task in
            let (row, column) = (Int64(task / columns), Int64(task % columns))
            let isTransposed = this.shape.isTransposed
            ckernels_links_pack(
                plain, this.gradient.layout.plain, weights, isTransposed ? column : row, isTransposed ? row : column,
                this.weights.pointer, this.shape.needsBackward ? this.exchangedWeights.pointer : nil)
        }
    }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        forwardPass.multiply(input, weights, output, adding: shape.accumulates, scratch: scratch)
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        backwardPass.multiply(outputGradient, exchangedWeights, inputGradient, adding: false, scratch: scratch)
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        gradient.compute(input, outputGradient, weights, scratch: scratch)
    }
}
