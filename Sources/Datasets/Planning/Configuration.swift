import Documents
import Volumes

/// The network of a configuration, as plans describe it.
public struct Architecture: Sendable, Equatable {
    /// Python's name of the network class, e.g. `dynamic_network_architectures.architectures.unet.PlainConvUNet`.
    public var className: String
    public var featuresPerLevel: [Int]
    /// Kernel per resolution level, highest resolution first, one entry per axis.
    public var kernelSizes: [[Int]]
    /// Stride in front of each level, the first one all 1.
    public var strides: [[Int]]
    /// Convolutions (or residual blocks) per encoder level.
    public var convolutionsPerEncoderLevel: [Int]
    /// Convolutions per decoder level, one entry fewer than levels.
    public var convolutionsPerDecoderLevel: [Int]
    public var convBias: Bool
    /// Added to the variance in instance norm.
    public var normEpsilon: Double

    public init(
        className: String, featuresPerLevel: [Int], kernelSizes: [[Int]], strides: [[Int]],
        convolutionsPerEncoderLevel: [Int], convolutionsPerDecoderLevel: [Int], convBias: Bool = true,
        normEpsilon: Double = 1e-5
    ) {
        self.className = className
        self.featuresPerLevel = featuresPerLevel
        self.kernelSizes = kernelSizes
        self.strides = strides
        self.convolutionsPerEncoderLevel = convolutionsPerEncoderLevel
        self.convolutionsPerDecoderLevel = convolutionsPerDecoderLevel
        self.convBias = convBias
        self.normEpsilon = normEpsilon
    }

    /// Resolution levels (nnU-Net's `n_stages`).
    public var levelCount: Int { strides.count }

    /// The class name without its modules, e.g. `PlainConvUNet`.
    public var shortClassName: String { className.split(separator: ".").last.map(String.init) ?? className }
}

/// How voxels are interpolated when a case changes its spacing: B-spline order, order along a coarse axis, and whether
/// that axis is treated by itself (nil: where the spacing is strongly anisotropic).
public struct ResamplingRule: Sendable, Equatable {
    public var order: Interpolation
    public var orderZ: Interpolation
    public var forceSeparateZ: Bool?

    public init(order: Interpolation, orderZ: Interpolation = .nearest, forceSeparateZ: Bool? = nil) {
        self.order = order
        self.orderZ = orderZ
        self.forceSeparateZ = forceSeparateZ
    }
}

/// How one channel's intensities are normalized.
public enum NormalizationScheme: String, Sendable, CaseIterable {
    case ct = "CTNormalization"
    case none = "NoNormalization"
    case zScore = "ZScoreNormalization"
    case rescaleTo01 = "RescaleTo01Normalization"
    case rgbTo01 = "RGBTo01Normalization"

    /// The scheme that a channel's name asks for; any unknown name means z-score.
    public init(channelName: String) {
        switch channelName.lowercased() {
        case "ct": self = .ct
        case "nonorm": self = .none
        case "rescale_to_0_1": self = .rescaleTo01
        case "rgb_to_0_1": self = .rgbTo01
        default: self = .zScore
        }
    }
}

/// One entry of `configurations` in plans, with what it inherits.
public struct Configuration: Sendable, Equatable {
    public let name: String
    /// The plans file, for messages.
    public let plansPath: String
    /// Everything the plans say, inherited keys included.
    public let json: JSONValue
    /// The folder of the preprocessed cases, e.g. `nnUNetPlans_3d_fullres`.
    public let dataIdentifier: String
    public let batchSize: Int
    /// Voxels per axis, `[D, H, W]` after the plans' transposition (two entries in 2d).
    public let patchSize: [Int]
    /// Millimetres per voxel, in the order of ``patchSize``.
    public let spacing: [Double]
    /// Median shape of the resampled cases.
    public let medianShape: [Double]
    /// One per channel.
    public let normalizationSchemes: [NormalizationScheme]
    /// One per channel: statistics over the non-zero mask only.
    public let useMaskForNorm: [Bool]
    public let imageResampling: ResamplingRule
    public let labelResampling: ResamplingRule
    public let probabilityResampling: ResamplingRule
    /// Dice of the whole batch instead of each sample.
    public let batchDice: Bool
    public let architecture: Architecture
    /// The configuration whose predictions are input here (cascade), if any.
    public let previousConfiguration: String?

    /// How often each axis is halved: log2 of the product of its strides.
    public var poolings: [Int] {
        patchSize.indices.map { axis in
            architecture.strides.reduce(0) { $0 + ($1[axis] > 1 ? Int.bitWidth - 1 - $1[axis].leadingZeroBitCount : 0) }
        }
    }

    /// Why nothing is trained with this configuration yet; nil for one at full resolution that needs the image alone.
    public var reasonAgainstTraining: String? {
        if patchSize.count == 2 { return "it is 2D; training and predicting 2D configurations comes later" }
        if let next = json["next_stage"]?.string {
            return "it is the low-resolution stage in front of \(next); training and predicting cascades comes later"
        }
        if let previousConfiguration {
            return
                "it needs the predictions of \(previousConfiguration) as input; training and predicting cascades comes "
                + "later"
        }
        return nil
    }
}
