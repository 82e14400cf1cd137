import Kernels

extension GraphBuilder {
    /// The encoder of a ResidualEncoderUNet, a stem and residual blocks; returns the last result of every level.
    mutating func appendResidualEncoder() throws(KernelError) -> [Activation] {
        var skips: [Activation] = []
        var current = try appendBlock(
            "encoder.stem.convs.0", [image], features: architecture.features[0], kernel: architecture.kernelSizes[0])
        for level in 0..<architecture.levelCount {
            for i in 0..<architecture.encoderConvolutionCounts[level] {
                current = try appendResidualBlock(
                    "encoder.stages.\(level).blocks.\(i)", current, level, stride: architecture.blockStride(level, i))
            }
            skips.append(current)
        }
        return skips
    }

    /// `leaky(norm(conv(leaky(norm(conv(x))))) + skip(x))`, the stride in the first convolution.
    private mutating func appendResidualBlock(
        _ name: String, _ input: Activation, _ level: Int, stride: [Int]
    ) throws(KernelError) -> Activation {
        let (features, kernel) = (architecture.features[level], architecture.kernelSizes[level])
        let inner = try appendBlock(name + ".conv1", [input], features: features, kernel: kernel, stride: stride)
        let main = try appendConvolution(name + ".conv2.conv", inner, features: features, kernel: kernel)
        let skip = try appendSkipPath(name, input, features: features, stride: stride)
        let output = blocked(features, size: main.size)
        layers.append(
            ResidualJoin(
                main: main, skip: skip, output: output,
                norm: InstanceNormAddLeaky(
                    batchSize: batchSize, channelCount: features, block: block, voxelCount: output.voxelCount,
                    precision: precision, epsilon: architecture.normEpsilon, leak: architecture.leak),
                scale: ParameterView(entry: parameter(name + ".conv2.norm.weight")),
                shift: ParameterView(entry: parameter(name + ".conv2.norm.bias"))))
        return output
    }

    private mutating func appendConvolution(
        _ name: String, _ input: Activation, features: Int, kernel: [Int]
    ) throws(KernelError) -> Activation {
        let (parts, weights) = try makeConvolution(
            name, [input], features: features, kernel: kernel, stride: [1, 1, 1])
        let output = blocked(features, size: parts[0].shape.outputSize)
        layers.append(
            ConvolutionLayer(
                input: input, output: output, convolution: parts[0], weight: weights[0], bias: bias(name)))
        return output
    }

    /// Average pooling where the block has a stride, then 1×1×1 convolution and norm where it changes the channels; the
    /// input itself otherwise.
    private mutating func appendSkipPath(
        _ name: String, _ input: Activation, features: Int, stride: [Int]
    ) throws(KernelError) -> Activation {
        var current = input
        if stride.contains(where: { $0 > 1 }) {
            let pooling = AveragePooling(
                batchSize: batchSize, channelCount: input.channelCount, block: block, inputSize: input.size,
                stride: stride, precision: precision)
            current = blocked(input.channelCount, size: pooling.outputSize)
            layers.append(PoolingLayer(input: input, output: current, pooling: pooling))
        }
        guard input.channelCount != features else { return current }
        return try appendBlock(
            architecture.skipProjection(name, stride: stride), [current], features: features, kernel: [1, 1, 1], leak: 1
        )
    }
}
