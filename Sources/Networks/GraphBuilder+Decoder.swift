import Kernels

extension GraphBuilder {
    /// From the lowest level up: transposed convolution, convolutions over its result and the encoder's, and a head.
    ///
    /// - Parameter skips: the encoder's result at every level.
    mutating func appendDecoder(_ skips: [Activation]) throws(KernelError) {
        var current = skips[architecture.levelCount - 1]
        for d in 0..<architecture.levelCount - 1 {
            let level = architecture.levelCount - 2 - d
            let raised = try appendUpsampling(d, level, current)
            var inputs = [raised, skips[level]]
            for i in 0..<architecture.decoderConvolutionCounts[d] {
                current = try appendBlock(
                    "decoder.stages.\(d).convs.\(i)", inputs, features: architecture.features[level],
                    kernel: architecture.kernelSizes[level])
                inputs = [current]
            }
            if level < supervisedLevelCount {
                appendHead(d, current)
            } else {
                unsupervised += [
                    parameter("decoder.seg_layers.\(d).weight"), parameter("decoder.seg_layers.\(d).bias"),
                ]
            }
        }
        logits.reverse()
    }

    private mutating func appendUpsampling(
        _ d: Int, _ level: Int, _ input: Activation
    ) throws(KernelError) -> Activation {
        let stride = architecture.strides[level + 1]
        let convolution = try engine.makeConvolution(
            ConvolutionShape(
                batchSize: batchSize, inputChannelCount: input.channelCount,
                outputChannelCount: architecture.features[level], inputSize: input.size, kernel: stride, stride: stride,
                isTransposed: true, needsBackward: isTraining, precision: precision),
            profile: profile)
        let output = blocked(architecture.features[level], size: convolution.shape.outputSize)
        layers.append(
            UpsamplingLayer(
                input: input, output: output, convolution: convolution,
                channelBias: ChannelBias(
                    batchSize: batchSize, channelCount: output.channelCount, block: block,
                    voxelCount: output.voxelCount, precision: precision),
                weight: ParameterView(entry: parameter("decoder.transpconvs.\(d).weight")),
                bias: bias("decoder.transpconvs.\(d)")))
        return output
    }

    private mutating func appendHead(_ d: Int, _ input: Activation) {
        let output = Activation(
            batchSize: batchSize, channelCount: architecture.headCount, size: input.size, block: 1, precision: .fp32)
        layers.append(
            HeadLayer(
                input: input, output: output,
                head: SegmentationHead(
                    batchSize: batchSize, channelCount: input.channelCount, headCount: architecture.headCount,
                    block: block, voxelCount: input.voxelCount, precision: precision),
                weight: ParameterView(entry: parameter("decoder.seg_layers.\(d).weight")),
                bias: ParameterView(entry: parameter("decoder.seg_layers.\(d).bias"))))
        logits.append(output)
    }
}
