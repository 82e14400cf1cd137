import Kernels
import Networks

/// The convolutions of a network as its architecture has them: a convolution over two concatenated inputs is one.
public enum NetworkConvolutions {
    /// All convolutions and transposed convolutions, without the segmentation heads, for so many samples.
    ///
    /// - Precondition: the strides divide the patch.
    public static func shapes(
        of architecture: UNetArchitecture, sampleCount: Int, patchSize: [Int], precision: Precision
    ) -> [ConvolutionShape] {
        var shapes: [ConvolutionShape] = []
        func append(
            _ input: Int, _ output: Int, _ size: [Int], _ kernel: [Int], _ stride: [Int], isTransposed: Bool = false
        ) {
            shapes.append(
                ConvolutionShape(
                    batchSize: sampleCount, inputChannelCount: input, outputChannelCount: output, inputSize: size,
                    kernel: kernel, stride: stride, isTransposed: isTransposed, isFirst: shapes.isEmpty,
                    precision: precision))
        }
        let sizes = architecture.downsampling.map { zip(patchSize, $0).map { $0 / $1 } }
        var channels = architecture.inputChannelCount
        if architecture.encoder == .residual {
            append(channels, architecture.features[0], sizes[0], architecture.kernelSizes[0], [1, 1, 1])
            channels = architecture.features[0]
        }
        for level in 0..<architecture.levelCount {
            let (features, kernel) = (architecture.features[level], architecture.kernelSizes[level])
            for i in 0..<architecture.encoderConvolutionCounts[level] {
                append(
                    channels, features, i == 0 && level > 0 ? sizes[level - 1] : sizes[level], kernel,
                    i == 0 ? architecture.strides[level] : [1, 1, 1])
                if architecture.encoder == .residual {
                    append(features, features, sizes[level], kernel, [1, 1, 1])
                    // The skip path, pooled already.
                    if channels != features { append(channels, features, sizes[level], [1, 1, 1], [1, 1, 1]) }
                }
                channels = features
            }
        }
        for d in 0..<architecture.levelCount - 1 {
            let level = architecture.levelCount - 2 - d
            let features = architecture.features[level]
            let stride = architecture.strides[level + 1]
            append(architecture.features[level + 1], features, sizes[level + 1], stride, stride, isTransposed: true)
            for i in 0..<architecture.decoderConvolutionCounts[d] {
                let input = i == 0 ? 2 * features : features
                append(input, features, sizes[level], architecture.kernelSizes[level], [1, 1, 1])
            }
        }
        return shapes
    }

    /// Floating-point operations of one training step as PyTorch's `FlopCounterMode` counts them.
    ///
    /// Convolutions, transposed convolutions and heads, two operations per multiply-add, taps in the padding counted
    /// too: forward, gradient of the data (not that of the image) and gradient of the weights. Heads without a part in
    /// the loss run forward only. Nothing else is counted.
    ///
    /// - Parameter supervisedLevelCount: levels whose heads take part in the loss, from the highest resolution.
    public static func operationCount(
        of architecture: UNetArchitecture, batchSize: Int, patchSize: [Int], supervisedLevelCount: Int
    ) -> Int {
        let shapes = shapes(of: architecture, sampleCount: batchSize, patchSize: patchSize, precision: .fp32)
        let convolutions = shapes.reduce(0) { $0 + $1.operationCount * ($1.isFirst ? 2 : 3) }
        let heads = (0..<architecture.levelCount - 1).reduce(0) { total, level in
            let voxels = zip(patchSize, architecture.downsampling[level]).map { $0 / $1 }.reduce(1, *)
            let operations = 2 * batchSize * architecture.features[level] * architecture.headCount * voxels
            return total + operations * (level < supervisedLevelCount ? 3 : 1)
        }
        return convolutions + heads
    }
}
