import Kernels

/// A convolution alone, whose result the next layer normalizes: its bias, if it has one, is never computed, and its
/// gradient is 0.
final class ConvolutionLayer: Layer {
    let inputs: [Activation]
    let output: Activation
    var slots: [GradientSlot?] = []
    let lastReadOfOutput: BackwardPhase? = nil
    private let convolution: any Convolution
    private let weight: ParameterView
    private let bias: ParameterView?

    init(
        input: Activation, output: Activation, convolution: any Convolution, weight: ParameterView, bias: ParameterView?
    ) {
        inputs = [input]
        self.output = output
        self.convolution = convolution
        self.weight = weight
        self.bias = bias
    }

    var scratchByteCount: Int { convolution.scratchByteCount }

    func shareWeights(of other: any Layer) {
        if let other = other as? ConvolutionLayer { _ = convolution.shareWeights(of: other.convolution) }
    }

    func load(_ weights: UnsafePointer<Float>) { convolution.setWeights(weight.of(weights)) }

    func forward(scratch: UnsafeMutableRawPointer) {
        convolution.forward(inputs[0].placedData, output.placedData, scratch: scratch)
    }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        bias?.clear(in: parameterGradient)
        convolution.backwardWeights(
            inputs[0].placedData, output.gradients[0], weight.of(parameterGradient), scratch: scratch)
        if let slot = slots[0] {
            convolution.backwardData(output.gradients[0], inputs[0].gradients[slot.number], scratch: scratch)
        }
    }
}
