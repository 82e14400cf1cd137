import Datasets
import Tensors
import Volumes

/// What inference does, besides the model.
public struct PredictionSettings: Sendable, Equatable {
    /// Distance between neighboring patches as a share of the patch, at most.
    public var stepSize: Double
    /// Axes along which patches are mirrored too, all combinations of them; none switches it off.
    public var mirrorAxes: [Int]
    /// Whether the probabilities of all classes are wanted besides the labels.
    public var keepsProbabilities: Bool

    public init(stepSize: Double = 0.5, mirrorAxes: [Int] = [], keepsProbabilities: Bool = false) {
        self.stepSize = stepSize
        self.mirrorAxes = mirrorAxes
        self.keepsProbabilities = keepsProbabilities
    }
}

/// The prediction of one case on the grid of its raw image.
public struct CasePrediction: Sendable {
    /// `[D, H, W]` as the raw image is stored.
    public let labels: Tensor<Int32>
    /// `[heads, D, H, W]`, where they were asked for.
    public let probabilities: Tensor<Float>?
    public let properties: CaseProperties
}

/// Predicts cases with one network, for one configuration of the plans.
///
/// One thread at a time may use it; inside it runs on all threads.
public final class Predictor {
    private let network: any PatchNetwork
    private let plans: Plans
    private let configuration: Configuration
    private let labelManager: LabelManager
    public let settings: PredictionSettings

    /// - Precondition: the network takes the configuration's patches and has a head per class or region.
    public init(
        network: any PatchNetwork, plans: Plans, configuration: Configuration, labelManager: LabelManager,
        settings: PredictionSettings
    ) {
        precondition(
            network.patchSize == configuration.patchSize && network.headCount == labelManager.headCount,
            "a network of \(network.headCount) heads for patches of \(network.patchSize)")
        self.network = network
        self.plans = plans
        self.configuration = configuration
        self.labelManager = labelManager
        self.settings = settings
    }

    /// Predicts a preprocessed case.
    ///
    /// - Shapes: `image` `[C, D, H, W]`, preprocessed for the configuration.
    /// - Parameter progress: called after every patch with the number of patches done and to do.
    /// - Throws: ``PredictionError``, and what the network throws.
    public func predict(
        image: UnsafeBufferPointer<Float>, shape: [Int], properties: CaseProperties,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> CasePrediction {
        let grid = OriginalGrid(
            shapeBeforeCropping: properties.shapeBeforeCropping, cropLower: properties.boundingBox.lower,
            cropShape: properties.shapeAfterCropping,
            spacing: plans.transposeForward.map { properties.spacing[$0] }, transposeForward: plans.transposeForward)
        let window = try SlidingWindow(
            imageShape: Array(shape.dropFirst()), patchSize: configuration.patchSize, stepSize: settings.stepSize)
        let decoder = CaseDecoder(
            sourceShape: window.imageShape, grid: grid, currentSpacing: configuration.spacing,
            rule: configuration.probabilityResampling, labelManager: labelManager,
            keepsProbabilities: settings.keepsProbabilities)
        try TiledInference(window: window, mirrorAxes: settings.mirrorAxes)
            .run(image: image, network: network, progress: progress, receive: decoder.receive)
        let result = decoder.finish()
        return CasePrediction(labels: result.labels, probabilities: result.probabilities, properties: properties)
    }

    /// Predicts a case of the store, as validation does: its voxels are used as they are.
    public func predict(
        _ preprocessed: PreprocessedCase, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> CasePrediction {
        try predict(
            image: preprocessed.image, shape: preprocessed.shape, properties: preprocessed.properties,
            progress: progress)
    }

    /// Predicts raw images, which are preprocessed as the training cases were.
    public func predict(
        _ rawCase: RawCase, preprocessor: Preprocessor, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> CasePrediction {
        let loaded = try RawCaseReader.read(rawCase, channelCount: preprocessor.channelCount, withLabels: false)
        let arrays = try preprocessor.run(
            image: loaded.image, labels: nil, geometry: loaded.geometry, identifier: rawCase.identifier)
        return try arrays.image.scalars.withUnsafeBufferPointer { image in
            try predict(image: image, shape: arrays.image.shape, properties: arrays.properties, progress: progress)
        }
    }
}
