internal import CKernels
import Tensors
import Threads

/// A 3×3×3 convolution of stride 1 by Winograd's F(2, 3) along each axis, with 64 products where the sum over the taps
/// has 216. Needs AVX-512 and channels in blocks of 16.
///
/// Blocks of tiles are split into lines, line by line multiplied by the weights' frequencies, and joined again. Where
/// the weights fit into a core's cache, each block is one thread's; with wider ones, blocks come one after another,
/// each on all threads, and the weights are read once per block. Sums are float32; factors are bfloat16 if the
/// activations are and the CPU multiplies it. The shape alone cuts the blocks and orders the sums, so the bits do not
/// depend on the number of threads.
///
/// Source: A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
final class WinogradConvolution: Convolution {
    let shape: ConvolutionShape
    let scratchByteCount: Int
    let algorithm = ConvolutionAlgorithm.winograd
    private let plain: ckernels_winograd
    /// Of the gradient of the input: the channels' parts exchanged.
    private let exchanged: ckernels_winograd
    private var weights: AlignedBuffer<UInt8>
    /// Taps backwards, input and output channels exchanged.
    private var flippedWeights: AlignedBuffer<UInt8>
    private var sharesWeights = false
    private let weightCount: Int
    private let blocks: TileBlocks
    private let workerCount: Int
    /// Sums of the weights' gradient, each over some of the blocks.
    private let partCount: Int
    private let layout: ScratchLayout

    /// Adding a part up costs what some tens of tiles do: few parts for few tiles, as long as threads have work.
    private static let partCounts = 4...8
    private static let tilesPerPart = 128
    /// Fewer tiles are not worth reading wide weights for.
    private static let fewestTiles = 96

    static func suits(_ shape: ConvolutionShape, block: Int) -> Bool {
        guard !shape.isFirst, !shape.isTransposed, shape.kernel == [3, 3, 3], shape.stride == [1, 1, 1],
            block == 16, shape.inputChannelCount % 16 == 0, shape.outputChannelCount % 16 == 0,
            ckernels_is_wide(CKERNELS_FLOAT32) != 0
        else { return false }
        let blocks = TileBlocks(shape)
        let voxels = shape.batchSize * shape.inputSize.reduce(1, *)
        // At least half of what tiles compute must lie inside.
        return voxels >= 4 * blocks.tileCount && (blocks.areSideBySide || blocks.tileCount >= fewestTiles)
    }

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        let size = shape.inputSize.map { Int64($0) }
        let isPaired = shape.precision == .bf16 && ckernels_is_wide(CKERNELS_BFLOAT16) != 0
        let plain = ckernels_winograd(
            batch: Int64(shape.batchSize), input_channels: Int64(shape.inputChannelCount),
            output_channels: Int64(shape.outputChannelCount), size: (size[0], size[1], size[2]),
            element: shape.precision.element, factors: isPaired ? CKERNELS_BFLOAT16 : CKERNELS_FLOAT32)
        var exchanged = plain
        swap(&exchanged.input_channels, &exchanged.output_channels)
        self.plain = plain
        self.exchanged = exchanged
        weightCount = Int(ckernels_winograd_weights(plain))
        let factorBytes = isPaired ? Precision.bf16.byteCount : Precision.fp32.byteCount
        weights = AlignedBuffer(count: weightCount * factorBytes)
        let flippedCount = shape.needsBackward ? Int(ckernels_winograd_weights(exchanged)) : 0
        flippedWeights = AlignedBuffer(count: flippedCount * factorBytes)
        blocks = TileBlocks(shape)
        workerCount = Threads.count
        let parts = blocks.tileCount / Self.tilesPerPart
        partCount =
            blocks.areSideBySide
            ? min(blocks.count, max(Self.partCounts.lowerBound, min(parts, Self.partCounts.upperBound))) : 1
        layout = ScratchLayout(
            plain, exchanged, rowsPerBlock: blocks.rowsPerBlock, workerCount: workerCount,
            blockCount: blocks.areSideBySide ? workerCount : 1)
        let gradientCount = shape.needsBackward ? partCount * weightCount : 0
        scratchByteCount = (layout.count + gradientCount) * MemoryLayout<Float>.stride
    }

    func shareWeights(of other: any Convolution) -> Bool {
        guard let other = other.weightHolder as? WinogradConvolution, other.weights.count == weights.count,
            other.flippedWeights.count >= flippedWeights.count
        else { return false }
        weights = other.weights
        flippedWeights = other.flippedWeights
        sharesWeights = true
        return true
    }

    func setWeights(_ weights: UnsafePointer<Float>) {
        guard !sharesWeights else { return }
        let (outputStride, inputStride) = weightStrides
        nonisolated(unsafe) let (source, this) = (weights, self)
        Self.forEachPanel(plain) { panel, group in
            ckernels_winograd_transform(
                this.plain, source, outputStride, inputStride, 0, panel, group, this.weights.pointer)
        }
        guard shape.needsBackward else { return }
        Self.forEachPanel(exchanged) { panel, group in
            ckernels_winograd_transform(
                this.exchanged, source, inputStride, outputStride, 1, panel, group, this.flippedWeights.pointer)
        }
    }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        convolve(plain, input, weights, output, adding: shape.accumulates, scratch: scratch)
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        convolve(exchanged, outputGradient, flippedWeights, inputGradient, adding: false, scratch: scratch)
    }

    private func convolve(
        _ plain: ckernels_winograd, _ input: UnsafeRawPointer, _ weights: AlignedBuffer<UInt8>,
        _ output: UnsafeMutableRawPointer, adding: Bool, scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (input, output) = (input, output)
        let memory = layout.memory(scratch)
        @Sendable func run(_ block: TileBlocks.Block, worker: Int, threads: Int) {
            let (first, count) = (Int64(block.firstRow), Int64(block.rowCount))
            nonisolated(unsafe) let (from, to) = memory.lines(plain, worker, count)
            block.forEachPart(threads) { begin, end in
                ckernels_winograd_split_input(plain, first, count, begin, end, input, from)
            }
            Self.forEachLine(threads) { line, helper in
                ckernels_winograd_multiply(
                    plain, count, line, from, weights.pointer, to, memory.strip(worker + helper))
            }
            block.forEachPart(threads) { begin, end in
                ckernels_winograd_join(plain, first, count, begin, end, to, adding ? 1 : 0, output)
            }
        }
        if blocks.areSideBySide {
            let blocks = blocks
            Threads.forEach(blocks.count, limit: workerCount) { run(blocks[$0], worker: $1, threads: 1) }
        } else {
            for index in 0..<blocks.count { run(blocks[index], worker: 0, threads: workerCount) }
        }
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (input, gradient, weights) = (input, outputGradient, weights)
        let (plain, blocks, weightCount, partCount) = (plain, blocks, weightCount, partCount)
        let memory = layout.memory(scratch)
        @Sendable func run(_ block: TileBlocks.Block, part: Int, adding: Bool, worker: Int, threads: Int) {
            let (first, count) = (Int64(block.firstRow), Int64(block.rowCount))
            nonisolated(unsafe) let (left, right) = memory.lines(plain, worker, count)
            block.forEachPart(threads) { begin, end in
                ckernels_winograd_split_input(plain, first, count, begin, end, input, left)
                ckernels_winograd_split_gradient(plain, first, count, begin, end, gradient, right)
            }
            Self.forEachLine(threads) { line, helper in
                ckernels_winograd_correlate(
                    plain, count, line, left, right, adding ? 1 : 0, memory.rest + part * weightCount,
                    memory.strip(worker + helper))
            }
        }
        if blocks.areSideBySide {
            Threads.forEach(partCount, limit: workerCount) { part, worker in
                let first = blocks.count * part / partCount
                for index in first..<blocks.count * (part + 1) / partCount {
                    run(blocks[index], part: part, adding: index > first, worker: worker, threads: 1)
                }
            }
        } else {
            for index in 0..<blocks.count {
                run(blocks[index], part: 0, adding: index > 0, worker: 0, threads: workerCount)
            }
        }
        let (outputStride, inputStride) = weightStrides
        Self.forEachPanel(plain) { panel, group in
            ckernels_winograd_gather(
                plain, memory.rest, Int64(partCount), panel, group, weights, outputStride, inputStride)
        }
    }

    /// Calls `body` with every line and the number of the thread that calls.
    private static func forEachLine(_ threads: Int, _ body: @Sendable (_ line: Int32, _ helper: Int) -> Void) {
        Threads.forEach(Int(CKERNELS_WINOGRAD_LINES), limit: threads) { body(Int32($0), $1) }
    }

    /// Every panel of output channels with every group of input channels.
    private static func forEachPanel(
        _ plain: ckernels_winograd, _ body: @Sendable (_ panel: Int64, _ group: Int64) -> Void
    ) {
        let width = Int64(CKERNELS_PANEL)
        let (panels, groups) = (Int((plain.output_channels + width - 1) / width), Int(plain.input_channels / 16))
        Threads.forEach(panels * groups) { body(Int64($0 / groups), Int64($0 % groups)) }
    }

    /// Scalars between neighboring output channels and input channels of the plain weights.
    private var weightStrides: (output: Int64, input: Int64) {
        (Int64(shape.weightStride), Int64(shape.kernel.reduce(1, *)))
    }
}

extension TileBlocks.Block {
    /// Rows from `begin` to before `end`: all of them for one thread, else row by row.
    fileprivate func forEachPart(_ threads: Int, _ body: @Sendable (_ begin: Int64, _ end: Int64) -> Void) {
        guard threads > 1 else { return body(0, Int64(rowCount)) }
        Threads.forEach(rowCount, limit: threads) { body(Int64($0), Int64($0) + 1) }
    }
}

/// What `pgps info` tells of the kernels for 3×3×3 convolutions.
public enum Winograd {
    /// Whether the engine uses them on this CPU, and what they multiply; empty where it does not.
    public static var factors: [Precision] {
        guard Engine.oneDNN.channelBlock == 16 else { return [] }
        return Precision.allCases.filter { ckernels_is_wide($0.element) != 0 }
    }
}

/// How scratch memory is used, in floats: lines of the blocks that are worked on at once, a strip per worker, the rest.
private struct ScratchLayout {
    private let inputLines: Int
    private let outputLines: Int
    private let stripCount: Int
    private let blockCount: Int
    private let workerCount: Int

    init(
        _ plain: ckernels_winograd, _ exchanged: ckernels_winograd, rowsPerBlock: Int, workerCount: Int, blockCount: Int
    ) {
        let rows = Int64(rowsPerBlock)
        func most(_ count: (ckernels_winograd) -> Int64) -> Int { Int(max(count(plain), count(exchanged))) }
        inputLines = most { ckernels_winograd_input_lines($0, rows) }
        outputLines = most { ckernels_winograd_output_lines($0, rows) }
        stripCount = most(ckernels_winograd_scratch)
        self.blockCount = blockCount
        self.workerCount = workerCount
    }

    var count: Int { blockCount * (inputLines + outputLines) + workerCount * stripCount }

    func memory(_ scratch: UnsafeMutableRawPointer) -> Memory {
        Memory(start: scratch.assumingMemoryBound(to: Float.self), layout: self)
    }

    /// Safety: a worker, and a helper of the only worker, has its own part.
    struct Memory: @unchecked Sendable {
        fileprivate let start: UnsafeMutablePointer<Float>
        fileprivate let layout: ScratchLayout

        /// Lines on the input side and on the output side of a worker's block.
        func lines(
            _ plain: ckernels_winograd, _ worker: Int, _ rowCount: Int64
        ) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
            let first = start + worker * (layout.inputLines + layout.outputLines)
            return (first, first + Int(ckernels_winograd_input_lines(plain, rowCount)))
        }

        func strip(_ worker: Int) -> UnsafeMutablePointer<Float> {
            start + layout.blockCount * (layout.inputLines + layout.outputLines) + worker * layout.stripCount
        }

        var rest: UnsafeMutablePointer<Float> { start + layout.count }
    }
}
