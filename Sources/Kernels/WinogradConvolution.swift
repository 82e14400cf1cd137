internal import CKernels
import Tensors
import Threads

/// A 3×3×3 convolution of stride 1 by Winograd's F(2, 3) along each axis, with 64 products where the sum over the taps
/// has 216. Needs AVX-512 and channels in blocks of 16.
///
/// Blocks of tiles are split into frequencies, multiplied by the weights' frequencies, and joined again. Where the weights
/// fit into a core's cache, each block is one thread's; with wider ones, blocks come one after another, each on all
/// threads, and the weights are read once per block. All arithmetic is float32, in either precision of the activations.
/// The shape alone cuts the blocks and orders the sums, so the bits do not depend on the number of threads.
///
/// Source: A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
final class WinogradConvolution: Convolution {
    let shape: ConvolutionShape
    let scratchByteCount: Int
    let algorithm = ConvolutionAlgorithm.winograd
    private let plain: ckernels_winograd
    /// Of the gradient of the input: the channels' parts exchanged.
    private let exchanged: ckernels_winograd
    private var weights: AlignedBuffer<Float>
    /// Taps backwards, input and output channels exchanged.
    private var flippedWeights: AlignedBuffer<Float>
    private var sharesWeights = false
    private let blocks: TileBlocks
    private let workerCount: Int
    /// Scratch, in floats: the frequencies of a block and its product; lines of an input while they are split.
    private let frequencyCount: Int
    private let columnCount: Int
    /// Sums of the weights' gradient, each over some of the blocks.
    private let partCount: Int

    private static let largestPartCount = 8
    /// Fewer tiles are not worth reading wide weights for.
    private static let fewestTiles = 64

    static func suits(_ shape: ConvolutionShape, block: Int) -> Bool {
        guard !shape.isFirst, !shape.isTransposed, shape.kernel == [3, 3, 3], shape.stride == [1, 1, 1],
            block == 16, shape.inputChannelCount % 16 == 0, shape.outputChannelCount % 16 == 0,
            ckernels_winograd_is_supported() != 0
        else { return false }
        let blocks = TileBlocks(shape)
        let voxels = shape.batchSize * shape.inputSize.reduce(1, *)
        // At least half of what tiles compute must lie inside.
        return voxels >= 4 * blocks.tileCount && (blocks.areSideBySide || blocks.tileCount >= fewestTiles)
    }

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        let size = shape.inputSize.map { Int64($0) }
        let plain = ckernels_winograd(
            batch: Int64(shape.batchSize), input_channels: Int64(shape.inputChannelCount),
            output_channels: Int64(shape.outputChannelCount), size: (size[0], size[1], size[2]),
            element: shape.precision.element)
        var exchanged = plain
        swap(&exchanged.input_channels, &exchanged.output_channels)
        self.plain = plain
        self.exchanged = exchanged
        let weightCount = Int(ckernels_winograd_weights(plain))
        weights = AlignedBuffer(count: weightCount)
        flippedWeights = AlignedBuffer(count: shape.needsBackward ? Int(ckernels_winograd_weights(exchanged)) : 0)
        let blocks = TileBlocks(shape)
        self.blocks = blocks
        workerCount = Threads.count
        frequencyCount = [plain.input_channels, plain.output_channels].reduce(0) {
            $0 + Int(CKERNELS_WINOGRAD_FREQUENCIES) * Int(ckernels_winograd_pitch(Int64(blocks.blockTileCount), $1))
        }
        columnCount = Int(ckernels_winograd_columns(plain))
        partCount = blocks.areSideBySide ? min(blocks.count, Self.largestPartCount) : 1
        let floats = workerCount * (frequencyCount + columnCount) + (shape.needsBackward ? partCount * weightCount : 0)
        scratchByteCount = floats * MemoryLayout<Float>.stride
    }

    func shareWeights(of other: any Convolution) -> Bool {
        guard let other = other as? WinogradConvolution, other.weights.count == weights.count,
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
        Self.forEachPanel(plain) { panel, block in
            ckernels_winograd_transform(
                this.plain, source, outputStride, inputStride, 0, panel, block, this.weights.pointer)
        }
        guard shape.needsBackward else { return }
        Self.forEachPanel(exchanged) { panel, block in
            ckernels_winograd_transform(
                this.exchanged, source, inputStride, outputStride, 1, panel, block, this.flippedWeights.pointer)
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
        _ plain: ckernels_winograd, _ input: UnsafeRawPointer, _ weights: AlignedBuffer<Float>,
        _ output: UnsafeMutableRawPointer, adding: Bool, scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (input, output, scratch, this) = (input, output, scratch, self)
        @Sendable func run(_ block: TileBlocks.Block, worker: Int, threads: Int) {
            let (from, to) = this.frequencies(of: plain, block, worker, scratch)
            this.splitInput(plain, input, block, worker: worker, threads: threads, scratch: scratch)
            Self.forEachFrequency(threads) { first, last in
                ckernels_winograd_multiply(plain, first, last, Int64(block.tileCount), from.start, weights.pointer, to.start)
            }
            Threads.forEach(threads > 1 ? block.rowCount : 1, limit: threads) { row in
                ckernels_winograd_join(
                    plain, Int64(block.firstRow + row), threads > 1 ? 1 : Int64(block.rowCount),
                    to.start + row * to.rowStride, to.pitch, adding ? 1 : 0, output)
            }
        }
        if blocks.areSideBySide {
            Threads.forEach(blocks.count, limit: workerCount) { run(this.blocks[$0], worker: $1, threads: 1) }
        } else {
            for index in 0..<blocks.count { run(blocks[index], worker: 0, threads: workerCount) }
        }
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (input, gradient, weights, scratch, this) = (input, outputGradient, weights, scratch, self)
        let plain = plain
        nonisolated(unsafe) let parts =
            scratch.assumingMemoryBound(to: Float.self) + workerCount * (frequencyCount + columnCount)
        @Sendable func run(_ block: TileBlocks.Block, part: Int, adding: Bool, worker: Int, threads: Int) {
            let (left, right) = this.frequencies(of: plain, block, worker, scratch)
            this.splitInput(plain, input, block, worker: worker, threads: threads, scratch: scratch)
            Threads.forEach(threads > 1 ? block.rowCount : 1, limit: threads) { row in
                ckernels_winograd_split_gradient(
                    plain, Int64(block.firstRow + row), threads > 1 ? 1 : Int64(block.rowCount), gradient,
                    right.start + row * right.rowStride, right.pitch)
            }
            Self.forEachFrequency(threads) { first, last in
                ckernels_winograd_correlate(
                    plain, first, last, Int64(block.tileCount), left.start, right.start, adding ? 1 : 0,
                    parts + part * this.weights.count)
            }
        }
        if blocks.areSideBySide {
            Threads.forEach(partCount, limit: workerCount) { part, worker in
                let (count, parts) = (this.blocks.count, this.partCount)
                let first = count * part / parts
                for index in first..<count * (part + 1) / parts {
                    run(this.blocks[index], part: part, adding: index > first, worker: worker, threads: 1)
                }
            }
        } else {
            for index in 0..<blocks.count {
                run(blocks[index], part: 0, adding: index > 0, worker: 0, threads: workerCount)
            }
        }
        let (outputStride, inputStride) = weightStrides
        Self.forEachPanel(plain) { panel, block in
            ckernels_winograd_gather(
                plain, parts, Int64(this.partCount), panel, block, weights, outputStride, inputStride)
        }
    }
}

// MARK: - Parts of a direction

extension WinogradConvolution {
    /// The frequencies of a block's tiles on one side of the convolution.
    private struct Frequencies: @unchecked Sendable {
        let start: UnsafeMutablePointer<Float>
        let pitch: Int64
        /// Scalars from one row of tiles to the next.
        let rowStride: Int
    }

    /// Where a worker keeps the frequencies of the input side and of the output side.
    private func frequencies(
        of plain: ckernels_winograd, _ block: TileBlocks.Block, _ worker: Int, _ scratch: UnsafeMutableRawPointer
    ) -> (input: Frequencies, output: Frequencies) {
        let start = scratch.assumingMemoryBound(to: Float.self) + worker * frequencyCount
        let inputPitch = ckernels_winograd_pitch(Int64(block.tileCount), plain.input_channels)
        let outputPitch = ckernels_winograd_pitch(Int64(block.tileCount), plain.output_channels)
        let input = Frequencies(
            start: start, pitch: inputPitch, rowStride: blocks.rowTileCount * Int(plain.input_channels))
        let output = Frequencies(
            start: start + Int(CKERNELS_WINOGRAD_FREQUENCIES) * Int(inputPitch), pitch: outputPitch,
            rowStride: blocks.rowTileCount * Int(plain.output_channels))
        return (input, output)
    }

    private func splitInput(
        _ plain: ckernels_winograd, _ input: UnsafeRawPointer, _ block: TileBlocks.Block, worker: Int, threads: Int,
        scratch: UnsafeMutableRawPointer
    ) {
        let (to, _) = frequencies(of: plain, block, worker, scratch)
        nonisolated(unsafe) let columns = scratch.assumingMemoryBound(to: Float.self) + workerCount * frequencyCount
        nonisolated(unsafe) let input = input
        let columnCount = columnCount
        // A worker beside others is alone in here, and the only worker of all blocks shares its rows out.
        Threads.forEach(threads > 1 ? block.rowCount : 1, limit: threads) { row, helper in
            ckernels_winograd_split_input(
                plain, Int64(block.firstRow + row), threads > 1 ? 1 : Int64(block.rowCount), input,
                to.start + row * to.rowStride, to.pitch, columns + (worker + helper) * columnCount)
        }
    }

    /// All frequencies at once for one thread, else one by one.
    private static func forEachFrequency(_ threads: Int, _ body: @Sendable (_ first: Int32, _ last: Int32) -> Void) {
        let all = CKERNELS_WINOGRAD_FREQUENCIES
        guard threads > 1 else { return body(0, all) }
        Threads.forEach(Int(all), limit: threads) { body(Int32($0), Int32($0) + 1) }
    }

    /// Every panel of output channels with every block of input channels.
    private static func forEachPanel(_ plain: ckernels_winograd, _ body: @Sendable (_ panel: Int64, _ block: Int64) -> Void) {
        let width = Int64(CKERNELS_WINOGRAD_PANEL)
        let (panels, blocks) = (Int((plain.output_channels + width - 1) / width), Int(plain.input_channels / 16))
        Threads.forEach(panels * blocks) { body(Int64($0 / blocks), Int64($0 % blocks)) }
    }

    /// Scalars between neighboring output channels and input channels of the plain weights.
    private var weightStrides: (output: Int64, input: Int64) {
        (Int64(shape.weightStride), Int64(shape.kernel.reduce(1, *)))
    }
}
