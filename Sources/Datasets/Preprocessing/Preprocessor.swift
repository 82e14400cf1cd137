import Tensors
import Volumes

/// A case ready for the network, and what is needed to undo the preprocessing.
public struct PreprocessedArrays: Sendable {
    /// `[C, D, H, W]`, normalized and resampled.
    public var image: Tensor<Float>
    /// `[D, H, W]`, −1 outside the non-zero mask; without given labels 0 inside it.
    public var labels: Tensor<Int16>
    public var properties: CaseProperties

    public init(image: Tensor<Float>, labels: Tensor<Int16>, properties: CaseProperties) {
        self.image = image
        self.labels = labels
        self.properties = properties
    }
}

/// Brings raw images to the axis order, region, intensities and spacing of a configuration.
///
/// Source: nnU-Net's `DefaultPreprocessor`: transpose, crop to non-zero voxels, normalize, resample.
public struct Preprocessor: Sendable {
    public let plans: Plans
    public let configuration: Configuration
    public let channelCount: Int

    /// The only `preprocessor_name` that is known here.
    public static let name = "DefaultPreprocessor"

    /// - Throws: ``DatasetError`` when the plans do not fit the dataset's channels, or ask for another preprocessor.
    public init(plans: Plans, configuration: Configuration, description: DatasetDescription) throws(DatasetError) {
        let channels = description.channelNames.count
        var problems: [String] = []
        if configuration.normalizationSchemes.count != channels {
            problems.append(
                "configuration \"\(configuration.name)\" normalizes \(configuration.normalizationSchemes.count) "
                    + "channels, dataset.json names \(channels); plan again")
        }
        let preprocessor = configuration.json["preprocessor_name"]?.string ?? Self.name
        if preprocessor != Self.name {
            problems.append(
                "configuration \"\(configuration.name)\" asks for the preprocessor \(preprocessor); only \(Self.name) "
                    + "is known here")
        }
        if !problems.isEmpty { throw .document(path: plans.path, problems: problems) }
        self.plans = plans
        self.configuration = configuration
        channelCount = channels
    }

    /// Preprocesses one case.
    ///
    /// - Parameters:
    ///   - image: `[C, D, H, W]` in the file's axis order.
    ///   - labels: `[D, H, W]`, or nil at inference.
    ///   - geometry: of the first channel's file.
    ///   - identifier: for messages.
    /// - Throws: ``DatasetError/caseFailed(_:reason:)``.
    public func run(
        image: Tensor<Float>, labels: Tensor<Int16>?, geometry: Geometry, identifier: String
    ) throws(DatasetError) -> PreprocessedArrays {
        guard image.shape.count == 4, image.shape[0] == channelCount else {
            throw .caseFailed(
                identifier,
                reason:
                    "the image has shape \(image.shape), the dataset \(channelCount) channel(s): give one file per "
                    + "channel"
            )
        }
        if let labels, labels.shape != Array(image.shape.dropFirst()) {
            throw .caseFailed(
                identifier, reason: "the image has shape \(image.shape.dropFirst()), the labels \(labels.shape)")
        }
        let order = plans.transposeForward
        let spacing = order.map { geometry.spacing[$0] }
        let transposed = image.transposedVolume(by: order)
        let before = Array(transposed.shape.dropFirst())
        let crop = NonZeroCrop(of: transposed, labels: labels?.transposedVolume(by: order))
        let mask = crop.labels
        let after = mask.shape
        var cropped = crop.image
        try normalize(&cropped, mask: mask, identifier: identifier)
        // A 2D configuration leaves the distance of the slices as it is.
        let newSpacing = configuration.spacing.count == 2 ? [spacing[0]] + configuration.spacing : configuration.spacing
        let target = Resampling.targetShape(after, spacing: spacing, newSpacing: newSpacing)
        guard target.allSatisfy({ $0 > 0 }) else {
            throw .caseFailed(
                identifier,
                reason:
                    "its shape \(after) at spacing \(spacing) would be \(target) at the target spacing "
                    + "\(newSpacing)"
            )
        }
        let properties = CaseProperties(
            geometry: geometry, shapeBeforeCropping: before, boundingBox: crop.box, shapeAfterCropping: after)
        let rules = (image: configuration.imageResampling, labels: configuration.labelResampling)
        return PreprocessedArrays(
            image: Resampling.resample(
                cropped, to: target, currentSpacing: spacing, newSpacing: newSpacing,
                order: rules.image.order, orderZ: rules.image.orderZ, forceSeparateZ: rules.image.forceSeparateZ),
            labels: Resampling.resampleLabels(
                mask, to: target, currentSpacing: spacing, newSpacing: newSpacing,
                order: rules.labels.order, orderZ: rules.labels.orderZ, forceSeparateZ: rules.labels.forceSeparateZ),
            properties: properties)
    }

    private func normalize(
        _ image: inout Tensor<Float>, mask: Tensor<Int16>, identifier: String
    ) throws(DatasetError) {
        let count = mask.count
        var failure: Normalization.Failure?
        image.scalars.withUnsafeMutableBufferPointer { voxels in
            mask.scalars.withUnsafeBufferPointer { mask in
                for channel in 0..<channelCount {
                    do throws(Normalization.Failure) {
                        try Normalization.apply(
                            configuration.normalizationSchemes[channel],
                            to: UnsafeMutableBufferPointer(rebasing: voxels[channel * count..<(channel + 1) * count]),
                            mask: configuration.useMaskForNorm[channel] ? mask : nil,
                            dataset: plans.intensityProperties[safe: channel])
                    } catch { failure = failure ?? error }
                }
            }
        }
        if let failure { throw .caseFailed(identifier, reason: failure.reason) }
    }
}
