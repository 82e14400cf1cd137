import Kernels
import Tensors

/// Strings the layers of a PlainConvUNet together: encoder, bottleneck, decoder, heads.
struct GraphBuilder {
    let architecture: UNetArchitecture
    let batchSize: Int
    let patchSize: [Int]
    let isTraining: Bool
    let engine: Engine
    let precision: Precision
    let supervisedLevelCount: Int
    let profile: StepProfile?

    private let layout: ParameterLayout
    private let block: Int
    private(set) var layers: [any Layer] = []
    /// By level, highest resolution first.
    private(set) var logits: [Activation] = []
    private(set) var unsupervised: [ParameterLayout.Entry] = []
    let image: Activation

    init(
        architecture: UNetArchitecture, batchSize: Int, patchSize: [Int], isTraining: Bool, engine: Engine,
        precision: Precision, supervisedLevelCount: Int, profile: StepProfile?
    ) {
        self.architecture = architecture
        self.batchSize = batchSize
        self.patchSize = patchSize
        self.isTraining = isTraining
        self.engine = engine
        self.precision = precision
        self.supervisedLevelCount = supervisedLevelCount
        self.profile = profile
        layout = architecture.parameterLayout
        block = engine.channelBlock
        image = Activation(
            batchSize: batchSize, channelCount: architecture.inputChannelCount, size: patchSize, block: 1,
            precision: .fp32)
    }

    private func parameter(_ name: String) -> ParameterLayout.Entry {
        guard let entry = layout[name] else { preconditionFailure("the network has no parameter \(name)") }
        return entry
    }

    private func blocked(_ channelCount: Int, size: [Int]) -> Activation {
        Activation(batchSize: batchSize, channelCount: channelCount, size: size, block: block, precision: precision)
    }

    mutating func build() throws(KernelError) {
        var skips: [Activation] = []
        var current = image
        for level in 0..<architecture.levelCount {
            for i in 0..<architecture.encoderConvolutionCounts[level] {
                // A skip connection has two gradients: the decoder's first, then that of the level below.
                current = try appendBlock(
                    "encoder.stages.\(level).0.convs.\(i)", [current], slots: [current === image ? nil : i > 0 ? 0 : 1],
                    features: architecture.features[level], kernel: architecture.kernelSizes[level],
                    stride: i == 0 ? architecture.strides[level] : [1, 1, 1])
            }
            skips.append(current)
        }
        for d in 0..<architecture.levelCount - 1 {
            let level = architecture.levelCount - 2 - d
            let raised = try appendUpsampling(d, level, current)
            var inputs = [raised, skips[level]]
            for i in 0..<architecture.decoderConvolutionCounts[d] {
                current = try appendBlock(
                    "decoder.stages.\(d).convs.\(i)", inputs, slots: i == 0 ? [0, 0] : [0],
                    features: architecture.features[level], kernel: architecture.kernelSizes[level], stride: [1, 1, 1])
                inputs = [current]
            }
            if level < supervisedLevelCount {
                appendHead(d, level, current)
            } else {
                unsupervised += [
                    parameter("decoder.seg_layers.\(d).weight"), parameter("decoder.seg_layers.\(d).bias"),
                ]
            }
        }
        logits.reverse()
    }

    private mutating func appendBlock(
        _ name: String, _ inputs: [Activation], slots: [Int?], features: Int, kernel: [Int], stride: [Int]
    ) throws(KernelError) -> Activation {
        let weight = parameter(name + ".conv.weight")
        let taps = kernel.reduce(1, *)
        var parts: [any Convolution] = []
        var views: [ParameterView] = []
        var firstChannel = 0
        for (index, input) in inputs.enumerated() {
            parts.append(
                try engine.makeConvolution(
                    ConvolutionShape(
                        batchSize: batchSize, inputChannelCount: input.channelCount, outputChannelCount: features,
                        inputSize: input.size, kernel: kernel, stride: stride, isFirst: input === image,
                        accumulates: index > 0, needsBackward: isTraining, weightInputChannelCount: weight.shape[1],
                        precision: precision),
                    profile: profile))
            views.append(ParameterView(entry: weight, inset: firstChannel * taps))
            firstChannel += input.channelCount
        }
        let output = blocked(features, size: parts[0].shape.outputSize)
        layers.append(
            ConvolutionBlock(
                inputs: inputs, output: output, slots: slots, parts: parts, weights: views,
                bias: ParameterView(entry: parameter(name + ".conv.bias")),
                scale: ParameterView(entry: parameter(name + ".norm.weight")),
                shift: ParameterView(entry: parameter(name + ".norm.bias")),
                norm: InstanceNormLeaky(
                    batchSize: batchSize, channelCount: features, block: block, voxelCount: output.voxelCount,
                    precision: precision, epsilon: architecture.normEpsilon, leak: architecture.leak)))
        return output
    }

    private mutating func appendUpsampling(_ d: Int, _ level: Int, _ input: Activation) throws(KernelError)
        -> Activation
    {
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
                    voxelCount: output.voxelCount,
                    precision: precision),
                weight: ParameterView(entry: parameter("decoder.transpconvs.\(d).weight")),
                bias: ParameterView(entry: parameter("decoder.transpconvs.\(d).bias"))))
        return output
    }

    private mutating func appendHead(_ d: Int, _ level: Int, _ input: Activation) {
        let output = Activation(
            batchSize: batchSize, channelCount: architecture.headCount, size: input.size, block: 1,
            precision: .fp32)
        layers.append(
            HeadLayer(
                input: input, output: output,
                head: SegmentationHead(
                    batchSize: batchSize, channelCount: input.channelCount, headCount: architecture.headCount,
                    block: block, voxelCount: input.voxelCount, precision: precision),
                weight: ParameterView(entry: parameter("decoder.seg_layers.\(d).weight")),
                bias: ParameterView(entry: parameter("decoder.seg_layers.\(d).bias")),
                accumulates: level > 0))
        logits.append(output)
    }
}
