/// A PlainConvUNet or a ResidualEncoderUNet as nnU-Net plans it: how many resolution levels, their features, kernels and
/// strides.
public struct UNetArchitecture: Sendable, Equatable {
    /// What the levels of the encoder are made of.
    public enum Encoder: Sendable, Equatable {
        /// Convolutions, each with norm and LeakyReLU.
        case plain
        /// Residual blocks of two convolutions, behind one convolution as the stem (nnU-Net's `BasicBlockD`).
        case residual
    }

    /// Channels of the input image.
    public var inputChannelCount: Int
    /// Channels of the logits: classes with background, or regions.
    public var headCount: Int
    /// Features per resolution level, highest resolution first.
    public var features: [Int]
    /// Kernel per level, `[D, H, W]`, odd.
    public var kernelSizes: [[Int]]
    /// Stride of the first convolution (or residual block) of each level, `[D, H, W]`; the first level's is 1.
    public var strides: [[Int]]
    public var encoder: Encoder
    /// Convolutions, or residual blocks, per encoder level (one entry per level).
    public var encoderConvolutionCounts: [Int]
    /// Convolutions per decoder level, lowest resolution first (one entry fewer).
    public var decoderConvolutionCounts: [Int]
    /// Whether convolutions and transposed convolutions have a bias; heads always do, the convolutions of skip paths
    /// never.
    public var hasConvolutionBias: Bool
    /// Added to the variance in instance norm.
    public var normEpsilon: Float
    /// Slope of LeakyReLU for negative values.
    public var leak: Float

    public init(
        inputChannelCount: Int, headCount: Int, features: [Int], kernelSizes: [[Int]], strides: [[Int]],
        encoder: Encoder = .plain, encoderConvolutionCounts: [Int], decoderConvolutionCounts: [Int],
        hasConvolutionBias: Bool = true, normEpsilon: Float = 1e-5, leak: Float = 0.01
    ) {
        self.inputChannelCount = inputChannelCount
        self.headCount = headCount
        self.features = features
        self.kernelSizes = kernelSizes
        self.strides = strides
        self.encoder = encoder
        self.encoderConvolutionCounts = encoderConvolutionCounts
        self.decoderConvolutionCounts = decoderConvolutionCounts
        self.hasConvolutionBias = hasConvolutionBias
        self.normEpsilon = normEpsilon
        self.leak = leak
    }

    /// Number of resolution levels (nnU-Net's `n_stages`).
    public var levelCount: Int { features.count }

    /// Products of the strides up to each level, `[D, H, W]`: what one voxel of the level spans in the patch.
    public var downsampling: [[Int]] {
        var total = [1, 1, 1]
        return strides.map { stride in
            total = zip(total, stride).map { $0 * $1 }
            return total
        }
    }
}
