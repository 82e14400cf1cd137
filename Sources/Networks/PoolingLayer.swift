import Kernels

/// Average pooling, the beginning of a skip path past a stride.
final class PoolingLayer: Layer {
    let inputs: [Activation]
    let output: Activation
    var slots: [GradientSlot?] = []
    let addsGradients = true
    let readsInputsBackward = [false]
    let lastReadOfOutput: BackwardPhase? = nil
    let scratchByteCount = 0
    private let pooling: AveragePooling

    init(input: Activation, output: Activation, pooling: AveragePooling) {
        inputs = [input]
        self.output = output
        self.pooling = pooling
    }

    func shareWeights(of other: any Layer) {}
    func load(_ weights: UnsafePointer<Float>) {}

    func forward(scratch: UnsafeMutableRawPointer) { pooling.forward(inputs[0].placedData, output.placedData) }

    func backward(into parameterGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer) {
        if let slot = slots[0] {
            pooling.backward(output.gradients[0], inputs[0].gradients[slot.number], adding: slot.adds)
        }
    }
}
