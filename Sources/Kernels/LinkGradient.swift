internal import CKernels
import Tensors
import Threads

/// The gradient of a convolution's weights as sums over links: one task per few output and input channels, all taps and
/// samples, which then writes its part of the plain weights, taps without links as 0.
///
/// Activations are first laid out with the samples of a voxel side by side, since those are what is summed over. Sums are
/// float32, in an order that the shape alone decides.
struct LinkGradient: Sendable {
    /// Of the forward pass.
    let plain: ckernels_links
    let layout: PlainTaps
    /// Scalars that the activations take in float32 words.
    private let inputCount: Int
    private let outputCount: Int
    /// The links of tap t are `starts[t] ..< starts[t + 1]` of the pairs of an input and an output voxel.
    private let starts: AlignedBuffer<Int32>
    private let pairs: AlignedBuffer<Int32>
    /// Samples whose activations are read for all taps before the next ones'.
    private let run: Int

    /// Activations that stay in a core's second cache while taps go by.
    private static let cachedRunBytes = 384 << 10

    init(_ shape: ConvolutionShape, _ links: VoxelLinks) {
        plain = ckernels_links(shape, links)
        layout = PlainTaps(shape, links)
        let counts = links.taps.indices.map { tap in links.links.count { $0.tap == tap } }
        starts = AlignedBuffer(counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1)) })
        pairs = AlignedBuffer(links.links.flatMap { [Int32($0.input), Int32($0.output)] })
        // A task reads two blocks of the input and one of the output.
        let isPaired = plain.factors == CKERNELS_BFLOAT16
        let sampleBytes = 64 * Int(2 * plain.source_voxels + plain.target_voxels) / (isPaired ? 2 : 1)
        run = max(1, Self.cachedRunBytes / sampleBytes / 2) * 2
        let words = isPaired ? (shape.batchSize + 1) / 2 : shape.batchSize
        inputCount = words * Int(plain.source_voxels * plain.source_channels)
        outputCount = words * Int(plain.target_voxels * plain.target_channels)
    }

    var scratchByteCount: Int { (inputCount + outputCount) * MemoryLayout<Float>.stride }

    func compute(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let weights = weights
        nonisolated(unsafe) let inputs = scratch.assumingMemoryBound(to: Float.self)
        nonisolated(unsafe) let outputs = inputs + inputCount
        gather(input, outputGradient, inputs, outputs)
        let width = Int(CKERNELS_PANEL)
        let panels = (Int(plain.source_channels) + width - 1) / width
        Threads.forEach(Int(plain.target_channels) / Int(CKERNELS_LINKS_STEP) * panels) { task in
            ckernels_links_correlate(
                plain, layout.plain, starts.pointer, pairs.pointer, Int64(run), inputs, outputs, Int64(task / panels),
                Int64(task % panels), weights)
        }
    }

    /// Lays out all blocks of 16 channels of all runs of samples.
    private func gather(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ inputs: UnsafeMutablePointer<Float>,
        _ outputs: UnsafeMutablePointer<Float>
    ) {
        nonisolated(unsafe) let (input, outputGradient, inputs, outputs) = (input, outputGradient, inputs, outputs)
        let samples = Int(plain.batch)
        let inputBlocks = Int(plain.source_channels / 16)
        let blocks = inputBlocks + Int(plain.target_channels / 16)
        Threads.forEach((samples + run - 1) / run * blocks) { task in
            let (first, block) = (task / blocks * run, task % blocks)
            let part = ckernels_links_samples(first: Int64(first), count: Int64(min(run, samples - first)))
            if block < inputBlocks {
                ckernels_links_gather(
                    plain, part, plain.source_channels, plain.source_voxels, Int64(block), input, inputs)
            } else {
                ckernels_links_gather(
                    plain, part, plain.target_channels, plain.target_voxels, Int64(block - inputBlocks), outputGradient,
                    outputs)
            }
        }
    }
}

/// Where the taps that have links lie in the plain weights.
struct PlainTaps: @unchecked Sendable {
    // Safety: nothing changes the places after they are made.
    let places: AlignedBuffer<Int32>
    private let targetStride: Int
    private let sourceStride: Int
    private let volume: Int

    init(_ shape: ConvolutionShape, _ links: VoxelLinks) {
        places = AlignedBuffer(links.taps.map { Int32($0) })
        volume = shape.kernel.reduce(1, *)
        targetStride = shape.isTransposed ? volume : shape.weightStride
        sourceStride = shape.isTransposed ? shape.weightStride : volume
    }

    var plain: ckernels_links_plain {
        ckernels_links_plain(
            target_stride: Int64(targetStride), source_stride: Int64(sourceStride),
            places: UnsafePointer(places.pointer), volume: Int64(volume))
    }
}

extension ckernels_links {
    /// The forward pass of a convolution.
    init(_ shape: ConvolutionShape, _ links: VoxelLinks) {
        let isPaired = shape.precision == .bf16 && ckernels_is_wide(CKERNELS_BFLOAT16) != 0
        self.init(
            batch: Int64(shape.batchSize), source_channels: Int64(shape.inputChannelCount),
            target_channels: Int64(shape.outputChannelCount), source_voxels: Int64(shape.inputSize.reduce(1, *)),
            target_voxels: Int64(shape.outputSize.reduce(1, *)), taps: Int64(links.taps.count),
            element: shape.precision.element, factors: isPaired ? CKERNELS_BFLOAT16 : CKERNELS_FLOAT32)
    }

    /// The pass from outputs to inputs.
    var exchanged: ckernels_links {
        var result = self
        (result.source_channels, result.target_channels) = (target_channels, source_channels)
        (result.source_voxels, result.target_voxels) = (target_voxels, source_voxels)
        return result
    }

    var weightByteCount: Int {
        let precision = factors == CKERNELS_BFLOAT16 ? Precision.bf16 : .fp32
        return Int(ckernels_links_weights(self)) * precision.byteCount
    }
}
