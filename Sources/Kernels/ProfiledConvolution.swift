/// A convolution whose time goes into a profile.
final class ProfiledConvolution: Convolution {
    private let convolution: any Convolution
    private let profile: StepProfile?

    init(_ convolution: any Convolution, profile: StepProfile) {
        self.convolution = convolution
        self.profile = profile
    }

    var shape: ConvolutionShape { convolution.shape }
    var scratchByteCount: Int { convolution.scratchByteCount }
    var algorithm: ConvolutionAlgorithm { convolution.algorithm }
    var weightHolder: any Convolution { convolution.weightHolder }

    func shareWeights(of other: any Convolution) -> Bool { convolution.shareWeights(of: other) }

    func setWeights(_ weights: UnsafePointer<Float>) { convolution.setWeights(weights) }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        profile.measure(.convolutionForward) { convolution.forward(input, output, scratch: scratch) }
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        profile.measure(.convolutionBackwardData) {
            convolution.backwardData(outputGradient, inputGradient, scratch: scratch)
        }
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        profile.measure(.convolutionBackwardWeights) {
            convolution.backwardWeights(input, outputGradient, weights, scratch: scratch)
        }
    }
}

extension Engine {
    /// Compiles a convolution whose time goes into `profile`, if there is one.
    ///
    /// - Throws: ``KernelError`` when the library has no implementation of this shape.
    public func makeConvolution(
        _ shape: ConvolutionShape, profile: StepProfile?
    ) throws(KernelError) -> any Convolution {
        let convolution = try makeConvolution(shape)
        return profile.map { ProfiledConvolution(convolution, profile: $0) } ?? convolution
    }
}
