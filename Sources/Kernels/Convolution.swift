/// One 3-D convolution or transposed convolution of a compiled network, without a bias: its sizes, and how it treats
/// its buffers.
///
/// - Shapes: input `[N, Cin, D, H, W]`; weight `[Cout, Cin, kD, kH, kW]` (transposed: `[Cin, Cout, kD, kH, kW]`);
///   output `[N, Cout, D', H', W']` with `D' = (D − 1) / stride + 1` for odd kernels padded by `(k − 1) / 2`, and
///   `D' = D · stride` for a transposed convolution, whose kernel is its stride.
public struct ConvolutionShape: Sendable, Equatable {
    public var batchSize: Int
    public var inputChannelCount: Int
    public var outputChannelCount: Int
    /// Voxels of the input, `[D, H, W]`.
    public var inputSize: [Int]
    public var kernel: [Int]
    public var stride: [Int]
    public var isTransposed: Bool
    /// The input is a network's image, `[N, C, D, H, W]`, and needs no gradient.
    public var isFirst: Bool
    /// Forward adds to the output: the second half of a convolution over two concatenated inputs.
    public var accumulates: Bool
    public var needsBackward: Bool
    /// Input channels of the whole weight tensor of which this convolution uses a part; scalars lie
    /// `weightInputChannelCount · kernel volume` apart on its first axis.
    public var weightInputChannelCount: Int
    /// Of activations and their gradients; a first convolution's image is float32 in both.
    public var precision: Precision

    public init(
        batchSize: Int, inputChannelCount: Int, outputChannelCount: Int, inputSize: [Int], kernel: [Int], stride: [Int],
        isTransposed: Bool = false, isFirst: Bool = false, accumulates: Bool = false,
        needsBackward: Bool = true, weightInputChannelCount: Int? = nil, precision: Precision = .fp32
    ) {
        precondition(
            isTransposed ? kernel == stride : kernel.allSatisfy { $0 % 2 == 1 },
            "a convolution needs odd kernels and a transposed one its stride as kernel, not \(kernel) with \(stride)")
        self.batchSize = batchSize
        self.inputChannelCount = inputChannelCount
        self.outputChannelCount = outputChannelCount
        self.inputSize = inputSize
        self.kernel = kernel
        self.stride = stride
        self.isTransposed = isTransposed
        self.isFirst = isFirst
        self.accumulates = accumulates
        self.needsBackward = needsBackward
        self.weightInputChannelCount = weightInputChannelCount ?? inputChannelCount
        self.precision = precision
    }

    /// Voxels of the output, `[D', H', W']`.
    public var outputSize: [Int] {
        (0..<3).map { isTransposed ? inputSize[$0] * stride[$0] : (inputSize[$0] - 1) / stride[$0] + 1 }
    }

    /// Scalars between neighbours on the weights' first axis.
    var weightStride: Int {
        (isTransposed ? outputChannelCount : weightInputChannelCount) * kernel.reduce(1, *)
    }

    /// Floating-point operations of one direction, two per multiply-add, taps in the padding counted too.
    public var operationCount: Int {
        let voxels = isTransposed ? inputSize.reduce(1, *) : outputSize.reduce(1, *)
        return 2 * batchSize * inputChannelCount * outputChannelCount * kernel.reduce(1, *) * voxels
    }
}

/// What computes convolutions.
public enum Engine: String, Sendable, CaseIterable {
    /// oneDNN in its blocked layouts, and kernels of our own for the shapes that they are faster at.
    case oneDNN = "onednn"
    /// OpenBLAS: GEMM over unfolded patches, in plain layouts, fp32 only. The reference, and the fallback.
    case openBLAS = "openblas"

    /// Channels per block of this engine's activations, `[N, C / block, D, H, W, block]`.
    public var channelBlock: Int {
        switch self {
        case .oneDNN: OneDNNConvolution.channelBlock
        case .openBLAS: 1
        }
    }

    /// What this engine computes with on this CPU.
    public var precisions: [Precision] {
        switch self {
        case .oneDNN: Precision.allCases.filter(\.isSupported)
        case .openBLAS: [.fp32]
        }
    }

    /// Compiles a convolution.
    ///
    /// - Throws: ``KernelError`` when the library has no implementation of this shape.
    public func makeConvolution(_ shape: ConvolutionShape) throws(KernelError) -> any Convolution {
        if !precisions.contains(shape.precision) {
            throw KernelError(shape: shape, problem: "\(rawValue) does not compute in \(shape.precision.rawValue) here")
        }
        return switch self {
        case .oneDNN: try ConvolutionChoice.make(shape, block: channelBlock)
        case .openBLAS: OpenBLASConvolution(shape)
        }
    }

    /// Compiles a convolution that oneDNN computes whatever its shape: what benchmarks compare with.
    ///
    /// - Throws: ``KernelError`` when the library has no implementation of this shape.
    public static func makeOneDNNConvolution(_ shape: ConvolutionShape) throws(KernelError) -> any Convolution {
        try OneDNNConvolution(shape)
    }
}

/// The way in which a convolution is computed.
public enum ConvolutionAlgorithm: String, Sendable {
    /// oneDNN's sums over the taps, in blocked layouts.
    case oneDNN = "onednn"
    /// One GEMM per pair of voxels that a tap joins, for maps of a few voxels, on any CPU.
    case taps
    /// Kernels of our own along the pairs of voxels that taps join, for maps of a few voxels.
    case links
    /// Winograd's F(2, 3) along each axis.
    case winograd
    /// GEMM over unfolded patches: the reference.
    case unfolded
}

/// A compiled convolution. Buffers hold activations in the engine's blocks and the shape's precision; scratch holds at
/// least `scratchByteCount` bytes.
public protocol Convolution: AnyObject {
    var shape: ConvolutionShape { get }
    var scratchByteCount: Int { get }
    var algorithm: ConvolutionAlgorithm { get }
    /// The convolution that keeps the weights: itself, or the one that it wraps.
    var weightHolder: any Convolution { get }

    /// From now on uses the weights that another convolution of the same layer is given.
    ///
    /// - Returns: false, and nothing changes, where their layouts differ.
    func shareWeights(of other: any Convolution) -> Bool

    /// Takes over the weights; the pointer may change afterwards. Does nothing where they are shared.
    func setWeights(_ weights: UnsafePointer<Float>)

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer)

    /// Replaces the gradient of the input.
    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer)

    /// Replaces the gradient of the weights (in the weights' own strides).
    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer)
}

extension Convolution {
    public var weightHolder: any Convolution { self }
}

/// A kernel library that cannot do what a network needs.
public struct KernelError: Error, CustomStringConvertible {
    public let shape: ConvolutionShape
    public let problem: String

    public var description: String {
        """
        cannot compile a convolution of \(shape.inputChannelCount) to \(shape.outputChannelCount) channels, kernel \
        \(shape.kernel), stride \(shape.stride), on \(shape.batchSize) × \(shape.inputSize) voxels: \(problem); \
        --engine openblas --precision fp32 takes every shape
        """
    }
}
