/// A convolution that leaves the gradient of its weights to links.
final class LinkGradientConvolution: Convolution {
    private let convolution: any Convolution
    private let gradient: LinkGradient
    let scratchByteCount: Int

    init(_ convolution: any Convolution) {
        self.convolution = convolution
        gradient = LinkGradient(convolution.shape, VoxelLinks(convolution.shape))
        scratchByteCount = max(convolution.scratchByteCount, gradient.scratchByteCount)
    }

    var shape: ConvolutionShape { convolution.shape }
    var algorithm: ConvolutionAlgorithm { convolution.algorithm }
    var weightHolder: any Convolution { convolution.weightHolder }

    func shareWeights(of other: any Convolution) -> Bool { convolution.shareWeights(of: other) }

    func setWeights(_ weights: UnsafePointer<Float>) { convolution.setWeights(weights) }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        convolution.forward(input, output, scratch: scratch)
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        convolution.backwardData(outputGradient, inputGradient, scratch: scratch)
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        gradient.compute(input, outputGradient, weights, scratch: scratch)
    }
}
