import Datasets
import Networks

extension UNetArchitecture {
    /// The network that a configuration of the plans describes.
    ///
    /// - Parameters:
    ///   - inputChannelCount: channels of the preprocessed image.
    ///   - headCount: channels of the logits, ``Datasets/LabelManager/headCount``.
    /// - Throws: ``PredictionError/configurationUnsupported(name:plans:reason:)`` where the plans ask for anything that
    ///   this network would not do.
    public init(
        configuration: Configuration, inputChannelCount: Int, headCount: Int
    ) throws(PredictionError) {
        if let reason = PlannedNetwork.unsupported(in: configuration) {
            throw .configurationUnsupported(
                name: configuration.name, plans: configuration.plansPath, reason: reason)
        }
        let architecture = configuration.architecture
        self.init(
            inputChannelCount: inputChannelCount, headCount: headCount, features: architecture.featuresPerLevel,
            kernelSizes: architecture.kernelSizes, strides: architecture.strides,
            encoder: architecture.shortClassName == PlannedNetwork.residualClass ? .residual : .plain,
            encoderConvolutionCounts: architecture.convolutionsPerEncoderLevel,
            decoderConvolutionCounts: architecture.convolutionsPerDecoderLevel,
            hasConvolutionBias: architecture.convBias, normEpsilon: Float(architecture.normEpsilon))
    }
}
