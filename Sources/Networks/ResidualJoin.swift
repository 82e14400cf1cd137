import Kernels

/// The end of a residual block: norm of the main path, addition of the skip path, LeakyReLU.
///
/// The gradient of the sum is that of the skip path: it takes the place of the output's.
final class ResidualJoin: Layer {
    /// Main path and skip path.
    let inputs: [Activation]
    let output: Activation
    var slots: [GradientSlot?] = []
    let addsGradients = true
    let passesGradientTo: Int? = 1
    let readsInputsBackward = [true, false]
    let lastReadOfOutput: BackwardPhase? = .withInputGradients
    let scratchByteCount = 0
    private let norm: InstanceNormAddLeaky
    private let scale: ParameterView
    private let shift: ParameterView

    init(
        main: Activation, skip: Activation, output: Activation, norm: InstanceNormAddLeaky, scale: ParameterView,
        shift: ParameterView
    ) {
        inputs = [main, skip]
        self.output = output
        self.norm = norm
        self.scale = scale
        self.shift = shift
    }

    func shareWeights(of other: any Layer) {}

    func load(_ weights: UnsafePointer<Float>) {
        norm.setParameters(scale: scale.of(weights), shift: shift.of(weights))
    }

    func forward(scratch: UnsafeMutableRawPointer) {
        norm.forward(inputs[0].placedData, skip: inputs[1].placedData, output.placedData)
    }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        let (gradient, second) = output.gatherGradients()
        norm.backward(
            output.placedData, inputs[0].placedData, gradient: gradient, second: second,
            inputGradient: inputs[0].gradients[0], scaleGradient: scale.of(parameterGradient),
            shiftGradient: shift.of(parameterGradient))
        if let slot = slots[1], slot.adds {
            let skip = inputs[1]
            ActivationSum.add(
                gradient, to: skip.gradients[slot.number], byteCount: skip.byteCount, precision: skip.precision)
        }
    }
}
