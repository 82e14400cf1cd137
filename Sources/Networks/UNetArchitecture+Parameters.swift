extension UNetArchitecture {
    /// The parameters of this network, the first names of nnU-Net's state dict (aliases left out).
    public var parameterLayout: ParameterLayout {
        var layout = ParameterLayout()
        switch encoder {
        case .plain: appendPlainEncoder(to: &layout)
        case .residual: appendResidualEncoder(to: &layout)
        }
        appendDecoder(to: &layout)
        return layout
    }

    private func appendBlock(
        to layout: inout ParameterLayout, _ prefix: String, _ input: Int, _ output: Int, _ kernel: [Int],
        hasBias: Bool, scale: ParameterLayout.Role = .normScale
    ) {
        layout.append(prefix + ".conv.weight", .convolutionWeight, [output, input] + kernel)
        if hasBias { layout.append(prefix + ".conv.bias", .convolutionBias, [output]) }
        layout.append(prefix + ".norm.weight", scale, [output])
        layout.append(prefix + ".norm.bias", .normShift, [output])
    }

    private func appendPlainEncoder(to layout: inout ParameterLayout) {
        var channels = inputChannelCount
        for level in 0..<levelCount {
            for i in 0..<encoderConvolutionCounts[level] {
                appendBlock(
                    to: &layout, "encoder.stages.\(level).0.convs.\(i)", channels, features[level], kernelSizes[level],
                    hasBias: hasConvolutionBias)
                channels = features[level]
            }
        }
    }

    private func appendResidualEncoder(to layout: inout ParameterLayout) {
        appendBlock(
            to: &layout, "encoder.stem.convs.0", inputChannelCount, features[0], kernelSizes[0],
            hasBias: hasConvolutionBias)
        var channels = features[0]
        for level in 0..<levelCount {
            for i in 0..<encoderConvolutionCounts[level] {
                let name = "encoder.stages.\(level).blocks.\(i)"
                appendBlock(
                    to: &layout, name + ".conv1", channels, features[level], kernelSizes[level],
                    hasBias: hasConvolutionBias)
                appendBlock(
                    to: &layout, name + ".conv2", features[level], features[level], kernelSizes[level],
                    hasBias: hasConvolutionBias, scale: .lastNormScale)
                if channels != features[level] {
                    appendBlock(
                        to: &layout, skipProjection(name, stride: blockStride(level, i)), channels, features[level],
                        [1, 1, 1], hasBias: false)
                }
                channels = features[level]
            }
        }
    }

    /// The stride of a convolution or residual block of the encoder.
    func blockStride(_ level: Int, _ index: Int) -> [Int] { index == 0 ? strides[level] : [1, 1, 1] }

    /// The name of the 1×1×1 convolution on a block's skip path: it stands behind the pooling, if there is one.
    func skipProjection(_ block: String, stride: [Int]) -> String {
        block + (stride.contains { $0 > 1 } ? ".skip.1" : ".skip.0")
    }

    private func appendDecoder(to layout: inout ParameterLayout) {
        // From the lowest level up, and convolutions, transposed convolutions and heads one after another.
        let levels = (0..<levelCount - 1).reversed().enumerated()
        for (d, level) in levels {
            for i in 0..<decoderConvolutionCounts[d] {
                appendBlock(
                    to: &layout, "decoder.stages.\(d).convs.\(i)", i > 0 ? features[level] : 2 * features[level],
                    features[level], kernelSizes[level], hasBias: hasConvolutionBias)
            }
        }
        for (d, level) in levels {
            layout.append(
                "decoder.transpconvs.\(d).weight", .transposedWeight,
                [features[level + 1], features[level]] + strides[level + 1])
            if hasConvolutionBias { layout.append("decoder.transpconvs.\(d).bias", .transposedBias, [features[level]]) }
        }
        for (d, level) in levels {
            layout.append("decoder.seg_layers.\(d).weight", .headWeight, [headCount, features[level], 1, 1, 1])
            layout.append("decoder.seg_layers.\(d).bias", .headBias, [headCount])
        }
    }
}
