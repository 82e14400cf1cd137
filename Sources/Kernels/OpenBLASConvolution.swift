internal import COpenBLAS
import Threads

/// A convolution as GEMM over unfolded patches, activations in plain `[N, C, D, H, W]`: the reference engine.
///
/// Voxels are taken in tiles, so the unfolded patches stay small. Each task owns what it writes, and sums run in a
/// fixed order: the bits do not depend on the number of threads.
final class OpenBLASConvolution: Convolution {
    let shape: ConvolutionShape
    /// Unfolded patches live in each task.
    let scratchByteCount = 0
    let algorithm = ConvolutionAlgorithm.unfolded
    private var weights: [Float]
    private let taps: Int
    private let inputVoxels: Int
    private let outputVoxels: Int
    private static let tile = 512

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        taps = shape.kernel.reduce(1, *)
        inputVoxels = shape.inputSize.reduce(1, *)
        outputVoxels = shape.outputSize.reduce(1, *)
        weights = Array(repeating: 0, count: shape.inputChannelCount * shape.outputChannelCount * taps)
        openblas_set_num_threads(1)
    }

    /// Rows of the weight matrix: output channels, or input channels of a transposed convolution.
    private var rowCount: Int { shape.isTransposed ? shape.inputChannelCount : shape.outputChannelCount }
    private var columnCount: Int { (shape.isTransposed ? shape.outputChannelCount : shape.inputChannelCount) * taps }

    func shareWeights(of other: any Convolution) -> Bool { false }

    func setWeights(_ weights: UnsafePointer<Float>) {
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                self.weights[row * columnCount + column] = weights[row * shape.weightStride + column]
            }
        }
    }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        // The unfolded side of a transposed convolution is its output, so both kinds tile the other side.
        let voxels = shape.isTransposed ? inputVoxels : outputVoxels
        let tiles = (voxels + Self.tile - 1) / Self.tile
        nonisolated(unsafe) let (source, target, this) = (
            input.assumingMemoryBound(to: Float.self), output.assumingMemoryBound(to: Float.self), self
        )
        Threads.forEach(shape.batchSize * tiles) { task in
            let (sample, start) = (task / tiles, task % tiles * Self.tile)
            this.forwardTile(source, target, sample: sample, voxels: start..<min(start + Self.tile, voxels))
        }
    }

    private func forwardTile(
        _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, sample: Int, voxels: Range<Int>
    ) {
        let source = input + sample * shape.inputChannelCount * inputVoxels
        let target = output + sample * shape.outputChannelCount * outputVoxels
        var columns = [Float](repeating: 0, count: columnCount * voxels.count)
        if shape.isTransposed {
            gemm(
                true, false, columnCount, voxels.count, rowCount, weights, columnCount, source + voxels.lowerBound,
                inputVoxels, 0, &columns, voxels.count)
            visitTaps(voxels, channels: 0..<shape.outputChannelCount) { column, voxel, place in
                target[place] = columns[column * voxels.count + voxel]
            }
        } else {
            visitTaps(voxels, channels: 0..<shape.inputChannelCount) { column, voxel, place in
                columns[column * voxels.count + voxel] = source[place]
            }
            gemm(
                false, false, rowCount, voxels.count, columnCount, weights, columnCount, columns, voxels.count,
                shape.accumulates ? 1 : 0, target + voxels.lowerBound, outputVoxels)
        }
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (source, target, this) = (
            outputGradient.assumingMemoryBound(to: Float.self), inputGradient.assumingMemoryBound(to: Float.self), self
        )
        if shape.isTransposed {
            let tiles = (inputVoxels + Self.tile - 1) / Self.tile
            Threads.forEach(shape.batchSize * tiles) { task in
                let (sample, start) = (task / tiles, task % tiles * Self.tile)
                this.transposedBackwardDataTile(
                    source, target, sample: sample, voxels: start..<min(start + Self.tile, this.inputVoxels))
            }
        } else {
            // A task owns one input channel of one sample, so overlapping taps never meet another task's.
            Threads.forEach(shape.batchSize * shape.inputChannelCount) { task in
                this.backwardDataOfChannel(
                    source, target, sample: task / this.shape.inputChannelCount,
                    channel: task % this.shape.inputChannelCount)
            }
        }
    }

    private func transposedBackwardDataTile(
        _ outputGradient: UnsafePointer<Float>, _ inputGradient: UnsafeMutablePointer<Float>, sample: Int,
        voxels: Range<Int>
    ) {
        let source = outputGradient + sample * shape.outputChannelCount * outputVoxels
        let columns = gather(source, voxels, channels: 0..<shape.outputChannelCount)
        gemm(
            false, false, rowCount, voxels.count, columnCount, weights, columnCount, columns, voxels.count, 0,
            inputGradient + sample * shape.inputChannelCount * inputVoxels + voxels.lowerBound, inputVoxels)
    }

    private func backwardDataOfChannel(
        _ outputGradient: UnsafePointer<Float>, _ inputGradient: UnsafeMutablePointer<Float>, sample: Int, channel: Int
    ) {
        let source = outputGradient + sample * shape.outputChannelCount * outputVoxels
        let target = inputGradient + sample * shape.inputChannelCount * inputVoxels
        (target + channel * inputVoxels).update(repeating: 0, count: inputVoxels)
        for start in stride(from: 0, to: outputVoxels, by: Self.tile) {
            let voxels = start..<min(start + Self.tile, outputVoxels)
            var columns = [Float](repeating: 0, count: taps * voxels.count)
            weights.withUnsafeBufferPointer { weights in
                // The weight matrix is never empty.
                gemm(
                    true, false, taps, voxels.count, rowCount, weights.baseAddress! + channel * taps, columnCount,
                    source + start, outputVoxels, 0, &columns, voxels.count)
            }
            visitTaps(voxels, channels: channel..<channel + 1) { column, voxel, place in
                target[place] += columns[column * voxels.count + voxel]
            }
        }
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        let input = input.assumingMemoryBound(to: Float.self)
        let outputGradient = outputGradient.assumingMemoryBound(to: Float.self)
        nonisolated(unsafe) let (unfolded, rows, target, this) = (
            shape.isTransposed ? outputGradient : input, shape.isTransposed ? input : outputGradient, weights, self
        )
        let columnChannels = columnCount / taps
        Threads.forEach(columnChannels) { channel in
            this.backwardWeightsOfChannel(unfolded, rows, target, channel: channel)
        }
    }

    /// The columns of the weight gradient that belong to one channel of the unfolded side.
    private func backwardWeightsOfChannel(
        _ unfolded: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
        channel: Int
    ) {
        let voxelCount = shape.isTransposed ? inputVoxels : outputVoxels
        let unfoldedSize = columnCount / taps * (shape.isTransposed ? outputVoxels : inputVoxels)
        var first: Float = 0
        for sample in 0..<shape.batchSize {
            for start in stride(from: 0, to: voxelCount, by: Self.tile) {
                let voxels = start..<min(start + Self.tile, voxelCount)
                let columns = gather(unfolded + sample * unfoldedSize, voxels, channels: channel..<channel + 1)
                gemm(
                    false, true, rowCount, taps, voxels.count, rows + sample * rowCount * voxelCount + start,
                    voxelCount,
                    columns, voxels.count, first, target + channel * taps, shape.weightStride)
                first = 1
            }
        }
    }

    /// The unfolded patches of a tile, `[channels · taps, voxels]`, zero where a tap lies in the padding.
    private func gather(_ source: UnsafePointer<Float>, _ voxels: Range<Int>, channels: Range<Int>) -> [Float] {
        var columns = [Float](repeating: 0, count: channels.count * taps * voxels.count)
        visitTaps(voxels, channels: channels) { column, voxel, place in
            columns[column * voxels.count + voxel] = source[place]
        }
        return columns
    }

    /// Calls `body(column, voxel, place)` for every tap of every voxel of the tile that lies inside: `column` counts
    /// channels and taps, `voxel` is relative to the tile, `place` is the element of the unfolded side.
    private func visitTaps(_ voxels: Range<Int>, channels: Range<Int>, _ body: (Int, Int, Int) -> Void) {
        let grid = shape.isTransposed ? shape.inputSize : shape.outputSize
        let far = shape.isTransposed ? shape.outputSize : shape.inputSize
        let padding = shape.isTransposed ? [0, 0, 0] : shape.kernel.map { ($0 - 1) / 2 }
        for voxel in voxels {
            let w = voxel % grid[2]
            let h = voxel / grid[2] % grid[1]
            let d = voxel / (grid[2] * grid[1])
            for tap in 0..<taps {
                let z = d * shape.stride[0] + tap / (shape.kernel[1] * shape.kernel[2]) - padding[0]
                let y = h * shape.stride[1] + tap / shape.kernel[2] % shape.kernel[1] - padding[1]
                let x = w * shape.stride[2] + tap % shape.kernel[2] - padding[2]
                guard z >= 0, z < far[0], y >= 0, y < far[1], x >= 0, x < far[2] else { continue }
                let place = (z * far[1] + y) * far[2] + x
                let volume = far[0] * far[1] * far[2]
                for channel in channels {
                    body(
                        (channel - channels.lowerBound) * taps + tap, voxel - voxels.lowerBound,
                        channel * volume + place)
                }
            }
        }
    }

    /// `c = op(a) · op(b) + beta · c`, row major.
    private func gemm(
        _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int,
        _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(m),
            blasint(n), blasint(k), 1, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
    }
}

/// What `pgps info` tells of the GEMM library.
public enum OpenBLAS {
    /// Its build and the kernels in use, as it reports them.
    public static var configuration: String { String(cString: openblas_get_config()) }
    public static var coreName: String { String(cString: openblas_get_corename()) }
}
