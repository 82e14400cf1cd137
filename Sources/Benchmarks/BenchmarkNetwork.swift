import Kernels
import Networks
import Objectives
import Training

/// The networks that speed is measured on: nnU-Net's plans of a small and a large problem, one image channel, three
/// classes, deep supervision, Dice per sample.
public enum BenchmarkNetwork: String, CaseIterable, Sendable {
    /// The Hippocampus of the decathlon: 9 patches of 40×56×40, four resolution levels.
    case hippo
    /// The first stage of `pgps-performance` on that plan: 1575 patches of 8×8×8.
    case hippo8
    /// 2 patches of 64×64×64, five levels.
    case mid
    /// 2 patches of 128×128×128, six levels.
    case full

    /// Voxels per axis of a patch, `[D, H, W]`.
    public var patchSize: [Int] {
        switch self {
        case .hippo: [40, 56, 40]
        case .hippo8: [8, 8, 8]
        case .mid: [64, 64, 64]
        case .full: [128, 128, 128]
        }
    }

    /// Patches of an optimizer step.
    public var batchSize: Int {
        switch self {
        case .hippo: 9
        case .hippo8: 1575
        case .mid, .full: 2
        }
    }

    /// The plan's patch, which the micro-batches follow from.
    public var plannedPatchSize: [Int] { self == .hippo8 ? Self.hippo.patchSize : patchSize }

    public var architecture: UNetArchitecture {
        let features =
            switch self {
            case .hippo, .hippo8: [32, 64, 128, 256]
            case .mid: [32, 64, 128, 256, 320]
            case .full: [32, 64, 128, 256, 320, 320]
            }
        let levels = features.indices
        return UNetArchitecture(
            inputChannelCount: 1, headCount: 3, features: features, kernelSizes: levels.map { _ in [3, 3, 3] },
            strides: levels.map { $0 == 0 ? [1, 1, 1] : [2, 2, 2] }, encoderConvolutionCounts: levels.map { _ in 2 },
            decoderConvolutionCounts: levels.dropLast().map { _ in 2 })
    }
}

/// What a benchmark runs: a network, the patches of one step, and what computes them.
public struct BenchmarkSubject: Sendable {
    public let network: BenchmarkNetwork
    /// Voxels per axis of a patch, `[D, H, W]`.
    public let patchSize: [Int]
    /// Patches of an optimizer step.
    public let batchSize: Int
    public let settings: StepSettings

    /// - Parameters:
    ///   - patchSize: instead of the network's; nil for that.
    ///   - batchSize: instead of the network's; nil for that.
    /// - Throws: ``BenchmarkError`` when a number does not suit the network.
    public init(
        network: BenchmarkNetwork, patchSize: [Int]? = nil, batchSize: Int? = nil, engine: Engine = .oneDNN,
        precision: Precision = .fp32
    ) throws(BenchmarkError) {
        let architecture = network.architecture
        let divisors = architecture.downsampling[architecture.levelCount - 1]
        let patchSize = patchSize ?? network.patchSize
        guard patchSize.count == 3, zip(patchSize, divisors).allSatisfy({ $0 >= $1 && $0 % $1 == 0 }) else {
            throw .patchSize(patchSize, network: network, divisors: divisors)
        }
        let batchSize = batchSize ?? network.batchSize
        guard batchSize >= 1 else { throw .batchSize(batchSize) }
        self.network = network
        self.patchSize = patchSize
        self.batchSize = batchSize
        settings = StepSettings(
            architecture: architecture,
            loss: LossDescription(
                headCount: architecture.headCount, kind: .labels, ignoreLabel: nil, usesBatchDice: false,
                levelWeights: LossDescription.levelWeights(decoderLevelCount: architecture.levelCount - 1)),
            engine: engine, precision: precision,
            maximalPatchSize: zip(patchSize, network.plannedPatchSize).map { max($0, $1) })
    }

    /// Samples of the largest micro-batch.
    public var microBatchSize: Int {
        let plan = settings.microBatches(patchSize: patchSize, batchSize: batchSize)
        return (0..<plan.count).map { plan.samples(of: $0).count }.max() ?? 0
    }
}
