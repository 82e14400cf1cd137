import Kernels
import Tensors

/// A result that layers pass on: where its data lie, and where its consumers leave their gradients.
///
/// Layout `[N, C / block, D, H, W, block]` in the session's precision; an image and logits are plain float32,
/// `[N, C, D, H, W]`.
final class Activation {
    let channelCount: Int
    /// Voxels, `[D, H, W]`.
    let size: [Int]
    let byteCount: Int
    let precision: Precision
    /// Numbers of the buffers in the plan: data, and the gradients, whose sum counts.
    var dataBuffer: Int?
    var gradientBuffers: [Int] = []
    var data: UnsafeMutableRawPointer?
    var gradients: [UnsafeMutableRawPointer] = []

    init(batchSize: Int, channelCount: Int, size: [Int], block: Int, precision: Precision) {
        self.channelCount = channelCount
        self.size = size
        self.precision = precision
        byteCount = batchSize * ((channelCount + block - 1) / block * block) * size.reduce(1, *) * precision.byteCount
    }

    var voxelCount: Int { size.reduce(1, *) }

    /// The data, once the session has placed its buffers.
    var placedData: UnsafeMutableRawPointer {
        guard let data else { preconditionFailure("a layer ran before the session placed its buffers") }
        return data
    }

    /// The gradients as a norm takes them, at most two: what further ones hold is added to the second.
    func gatherGradients() -> (first: UnsafeMutableRawPointer, second: UnsafeMutableRawPointer?) {
        guard gradients.count > 1 else { return (gradients[0], nil) }
        for further in gradients[2...] {
            ActivationSum.add(further, to: gradients[1], byteCount: byteCount, precision: precision)
        }
        return (gradients[0], gradients[1])
    }
}

/// Where a layer finds its parameters and leaves their gradients: flat buffers in the order of ``ParameterLayout``.
struct ParameterView {
    let entry: ParameterLayout.Entry
    /// Scalars to skip inside the entry: the part of the input channels that a layer uses.
    var inset = 0

    func of(_ buffer: UnsafePointer<Float>) -> UnsafePointer<Float> { buffer + entry.offset + inset }
    func of(_ buffer: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> { buffer + entry.offset + inset }

    /// Sets the whole entry to 0.
    func clear(in buffer: UnsafeMutablePointer<Float>) {
        (buffer + entry.offset).update(repeating: 0, count: entry.count)
    }
}

/// The halves of a layer's backward step.
enum BackwardPhase {
    case beforeInputGradients
    case withInputGradients
}

/// One step of a compiled network, forward and backward.
protocol Layer: AnyObject {
    var inputs: [Activation] { get }
    var output: Activation { get }
    /// Where the gradient of each input goes; nil for an image. Given by ``GradientSlot/assign(to:image:)``.
    var slots: [GradientSlot?] { get set }
    /// Whether it can add to a gradient that is there, and not only replace it.
    var addsGradients: Bool { get }
    /// The input whose gradient is the output's own, changed in place; nil: none.
    var passesGradientTo: Int? { get }
    /// For each input, whether the backward step reads its data.
    var readsInputsBackward: [Bool] { get }
    /// When the backward step last reads the output's data, before or after it writes the gradients of the inputs; nil:
    /// not at all.
    var lastReadOfOutput: BackwardPhase? { get }
    var scratchByteCount: Int { get }
    /// Under which kind of work a profile counts what the layer does besides its convolutions.
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { get }

    /// Uses the converted weights of the same layer of another session, as far as it can.
    func shareWeights(of other: any Layer)
    func load(_ weights: UnsafePointer<Float>)
    func forward(scratch: UnsafeMutableRawPointer)

    /// Reads the gradients of the output, leaves those of the inputs in their slots, and replaces those of the
    /// parameters in the flat buffer.
    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer)
}

extension Layer {
    var addsGradients: Bool { false }
    var passesGradientTo: Int? { nil }
    var readsInputsBackward: [Bool] { inputs.map { _ in true } }
}

/// Convolution, instance norm and LeakyReLU; over two inputs it is the convolution of their concatenation, each input
/// with its own part of the weights, so nothing is copied.
///
/// The convolution's bias, if it has one, changes nothing in front of the norm: it is never computed, and its gradient
/// is 0.
final class ConvolutionBlock: Layer {
    let inputs: [Activation]
    let output: Activation
    private let parts: [any Convolution]
    private let weights: [ParameterView]
    private let bias: ParameterView?
    private let scale: ParameterView
    private let shift: ParameterView
    private let norm: InstanceNormLeaky
    let lastReadOfOutput: BackwardPhase? = .beforeInputGradients
    var slots: [GradientSlot?] = []

    init(
        inputs: [Activation], output: Activation, parts: [any Convolution], weights: [ParameterView],
        bias: ParameterView?, scale: ParameterView, shift: ParameterView, norm: InstanceNormLeaky
    ) {
        self.inputs = inputs
        self.output = output
        self.parts = parts
        self.weights = weights
        self.bias = bias
        self.scale = scale
        self.shift = shift
        self.norm = norm
    }

    var scratchByteCount: Int { parts.map(\.scratchByteCount).max() ?? 0 }

    func shareWeights(of other: any Layer) {
        guard let other = other as? ConvolutionBlock else { return }
        for (part, owner) in zip(parts, other.parts) { _ = part.shareWeights(of: owner) }
    }

    func load(_ weights: UnsafePointer<Float>) {
        for (part, view) in zip(parts, self.weights) { part.setWeights(view.of(weights)) }
        norm.setParameters(scale: scale.of(weights), shift: shift.of(weights))
    }

    func forward(scratch: UnsafeMutableRawPointer) {
        for (part, input) in zip(parts, inputs) { part.forward(input.placedData, output.placedData, scratch: scratch) }
        norm.forward(output.placedData)
    }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        let (gradient, second) = output.gatherGradients()
        norm.backward(
            output.placedData, gradient: gradient, second: second, scaleGradient: scale.of(parameterGradient),
            shiftGradient: shift.of(parameterGradient))
        bias?.clear(in: parameterGradient)
        for (index, part) in parts.enumerated() {
            part.backwardWeights(
                inputs[index].placedData, gradient, weights[index].of(parameterGradient), scratch: scratch)
            if let slot = slots[index] {
                part.backwardData(gradient, inputs[index].gradients[slot.number], scratch: scratch)
            }
        }
    }
}

/// Transposed convolution with kernel = stride, and a bias if the network has them: the way up.
final class UpsamplingLayer: Layer {
    let inputs: [Activation]
    var slots: [GradientSlot?] = []
    let lastReadOfOutput: BackwardPhase? = nil
    let output: Activation
    private let convolution: any Convolution
    private let channelBias: ChannelBias
    private let weight: ParameterView
    private let bias: ParameterView?

    init(
        input: Activation, output: Activation, convolution: any Convolution, channelBias: ChannelBias,
        weight: ParameterView, bias: ParameterView?
    ) {
        inputs = [input]
        self.output = output
        self.convolution = convolution
        self.channelBias = channelBias
        self.weight = weight
        self.bias = bias
    }

    var scratchByteCount: Int { convolution.scratchByteCount }

    func shareWeights(of other: any Layer) {
        if let other = other as? UpsamplingLayer { _ = convolution.shareWeights(of: other.convolution) }
    }

    func load(_ weights: UnsafePointer<Float>) {
        convolution.setWeights(weight.of(weights))
        if let bias { channelBias.setParameters(bias: bias.of(weights)) }
    }

    func forward(scratch: UnsafeMutableRawPointer) {
        convolution.forward(inputs[0].placedData, output.placedData, scratch: scratch)
        if bias != nil { channelBias.add(to: output.placedData) }
    }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        convolution.backwardWeights(
            inputs[0].placedData, output.gradients[0], weight.of(parameterGradient), scratch: scratch)
        if let bias { channelBias.backward(output.gradients[0], into: bias.of(parameterGradient)) }
        if let slot = slots[0] {
            convolution.backwardData(output.gradients[0], inputs[0].gradients[slot.number], scratch: scratch)
        }
    }
}

/// The segmentation head of one resolution level. Its output's data become the gradient of the loss in place.
final class HeadLayer: Layer {
    let inputs: [Activation]
    var slots: [GradientSlot?] = []
    let addsGradients = true
    let lastReadOfOutput: BackwardPhase? = .withInputGradients
    let output: Activation
    private let head: SegmentationHead
    private let weight: ParameterView
    private let bias: ParameterView

    init(
        input: Activation, output: Activation, head: SegmentationHead, weight: ParameterView, bias: ParameterView
    ) {
        inputs = [input]
        self.output = output
        self.head = head
        self.weight = weight
        self.bias = bias
    }

    let scratchByteCount = 0

    /// Its weights are few and stay as they are.
    func shareWeights(of other: any Layer) {}

    func load(_ weights: UnsafePointer<Float>) {
        head.setParameters(weights: weight.of(weights), bias: bias.of(weights))
    }

    private var logits: UnsafeMutablePointer<Float> { output.placedData.assumingMemoryBound(to: Float.self) }

    func forward(scratch: UnsafeMutableRawPointer) { head.forward(inputs[0].placedData, logits) }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        head.backwardWeights(
            inputs[0].placedData, logits, weightGradient: weight.of(parameterGradient),
            biasGradient: bias.of(parameterGradient))
        if let slot = slots[0] {
            head.backwardData(logits, inputs[0].gradients[slot.number], accumulate: slot.adds)
        }
    }
}
