import Kernels
import Tensors

/// Strings the layers of a UNet together: encoder, bottleneck, decoder, heads.
struct GraphBuilder {
    let architecture: UNetArchitecture
    let batchSize: Int
    let patchSize: [Int]
    let isTraining: Bool
    let engine: Engine
    let precision: Precision
    let supervisedLevelCount: Int
    let profile: StepProfile?

    let block: Int
    let image: Activation
    private let layout: ParameterLayout
    var layers: [any Layer] = []
    /// By level, highest resolution first.
    var logits: [Activation] = []
    var unsupervised: [ParameterLayout.Entry] = []

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

    mutating func build() throws(KernelError) {
        let skips =
            switch architecture.encoder {
            case .plain: try appendPlainEncoder()
            case .residual: try appendResidualEncoder()
            }
        try appendDecoder(skips)
        GradientSlot.assign(to: layers, image: image)
    }

    func parameter(_ name: String) -> ParameterLayout.Entry {
        guard let entry = layout[name] else { preconditionFailure("the network has no parameter \(name)") }
        return entry
    }

    /// The bias of a convolution; nil where the network has none.
    func bias(_ name: String) -> ParameterView? { layout[name + ".bias"].map { ParameterView(entry: $0) } }

    func blocked(_ channelCount: Int, size: [Int]) -> Activation {
        Activation(batchSize: batchSize, channelCount: channelCount, size: size, block: block, precision: precision)
    }

    /// A convolution over the concatenation of its inputs, each with its own part of the weights.
    func makeConvolution(
        _ name: String, _ inputs: [Activation], features: Int, kernel: [Int], stride: [Int]
    ) throws(KernelError) -> (parts: [any Convolution], weights: [ParameterView]) {
        let weight = parameter(name + ".weight")
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
        return (parts, views)
    }

    /// Convolution, norm and LeakyReLU.
    ///
    /// - Parameter leak: 1: no activation behind the norm; the network's when absent.
    mutating func appendBlock(
        _ name: String, _ inputs: [Activation], features: Int, kernel: [Int], stride: [Int] = [1, 1, 1],
        leak: Float? = nil
    ) throws(KernelError) -> Activation {
        let (parts, weights) = try makeConvolution(
            name + ".conv", inputs, features: features, kernel: kernel, stride: stride)
        let output = blocked(features, size: parts[0].shape.outputSize)
        layers.append(
            ConvolutionBlock(
                inputs: inputs, output: output, parts: parts, weights: weights, bias: bias(name + ".conv"),
                scale: ParameterView(entry: parameter(name + ".norm.weight")),
                shift: ParameterView(entry: parameter(name + ".norm.bias")),
                norm: InstanceNormLeaky(
                    batchSize: batchSize, channelCount: features, block: block, voxelCount: output.voxelCount,
                    precision: precision, epsilon: architecture.normEpsilon, leak: leak ?? architecture.leak)))
        return output
    }
}
