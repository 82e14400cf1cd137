import Kernels

// What a layer does itself, besides the convolutions that it calls.

extension ConvolutionBlock {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.normForward, .normBackward) }
}

extension ConvolutionLayer {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.other, .other) }
}

extension PoolingLayer {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.other, .other) }
}

extension ResidualJoin {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.normForward, .normBackward) }
}

extension UpsamplingLayer {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.other, .other) }
}

extension HeadLayer {
    var ownWork: (forward: StepProfile.Kind, backward: StepProfile.Kind) { (.heads, .heads) }
}
