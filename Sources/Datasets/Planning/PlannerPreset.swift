/// The constants that distinguish nnU-Net's planners.
public struct PlannerPreset: Sendable, Equatable {
    /// `experiment_planner_used`.
    public var plannerName: String
    public var plansName: String
    public var encoder: Encoder
    /// Output elements of all convolutions that the reference GPU holds, in 3D and in 2D.
    public var reference3D: Double
    public var reference2D: Double
    /// The GPU memory that the references stand for, and the default target, in gigabytes.
    public var referenceGigabytes: Double
    /// Share of the dataset's voxels that one batch may show.
    public var largestDatasetShare: Double

    public enum Encoder: Sendable, Equatable {
        /// Two convolutions per level, in encoder and decoder.
        case plain
        /// Residual blocks 1, 3, 4, 6, 6, …, one convolution per decoder level.
        case residual
    }

    /// nnU-Net's `ExperimentPlanner`.
    public static let standard = PlannerPreset(
        plannerName: "ExperimentPlanner", plansName: "nnUNetPlans", encoder: .plain, reference3D: 560_000_000,
        reference2D: 85_000_000, referenceGigabytes: 8, largestDatasetShare: 0.05)
    /// nnU-Net's `ResEncUNetPlanner`, the base of the residual ones.
    public static let residual = PlannerPreset(
        plannerName: "ResEncUNetPlanner", plansName: "nnUNetResEncUNetPlans", encoder: .residual,
        reference3D: 680_000_000, reference2D: 135_000_000, referenceGigabytes: 8, largestDatasetShare: 0.05)
    public static let residualM = PlannerPreset(
        plannerName: "nnUNetPlannerResEncM", plansName: "nnUNetResEncUNetMPlans", encoder: .residual,
        reference3D: 680_000_000, reference2D: 135_000_000, referenceGigabytes: 8, largestDatasetShare: 1)
    public static let residualL = PlannerPreset(
        plannerName: "nnUNetPlannerResEncL", plansName: "nnUNetResEncUNetLPlans", encoder: .residual,
        reference3D: 2_100_000_000, reference2D: 380_000_000, referenceGigabytes: 24, largestDatasetShare: 1)
    public static let residualXL = PlannerPreset(
        plannerName: "nnUNetPlannerResEncXL", plansName: "nnUNetResEncUNetXLPlans", encoder: .residual,
        reference3D: 3_600_000_000, reference2D: 560_000_000, referenceGigabytes: 40, largestDatasetShare: 1)

    /// All planners that are known here.
    public static let all: [PlannerPreset] = [.standard, .residual, .residualM, .residualL, .residualXL]

    /// Convolutions (or blocks) of an encoder and of a decoder level.
    func encoderCounts(levels: Int) -> [Int] {
        switch encoder {
        case .plain: Array(repeating: 2, count: levels)
        case .residual: (0..<levels).map { [1, 3, 4][safe: $0] ?? 6 }
        }
    }

    func decoderCounts(levels: Int) -> [Int] {
        Array(repeating: encoder == .plain ? 2 : 1, count: max(0, levels - 1))
    }

    /// Features per level: doubling from 32, at most 320 in 3D and 512 in 2D.
    func features(levels: Int, axisCount: Int) -> [Int] {
        (0..<levels).map { min(32 << min($0, 20), axisCount == 2 ? 512 : 320) }
    }

    /// Output elements of every convolution for one sample, deep supervision off: nnU-Net's estimate of memory.
    package func outputElementCount(_ topology: NetworkTopology, classCount: Int) -> Int {
        let levels = topology.strides.count
        let features = features(levels: levels, axisCount: topology.patchSize.count)
        let blocks = encoderCounts(levels: levels)
        let decoderConvolutions = decoderCounts(levels: levels)
        var sizes = topology.patchSize
        var voxels: [Int] = []
        for stride in topology.strides {
            sizes = zip(sizes, stride).map { $0 / $1 }
            voxels.append(sizes.reduce(1, *))
        }
        var total = 0
        switch encoder {
        case .plain:
            for level in 0..<levels { total += blocks[level] * features[level] * voxels[level] }
        case .residual:
            total += features[0] * voxels[0]
            for level in 0..<levels {
                let changesChannels = level > 0 && features[level] != features[level - 1]
                let strides = topology.strides[level].contains { $0 > 1 }
                total += (2 * blocks[level] + (strides || changesChannels ? 1 : 0)) * features[level] * voxels[level]
            }
        }
        for level in 0..<max(0, levels - 1) {
            // Decoder entries run from the lowest resolution to the highest.
            let convolutions = decoderConvolutions[levels - 2 - level]
            total += (convolutions + 1) * features[level] * voxels[level]
        }
        return total + classCount * voxels[0]
    }
}

extension Array {
    /// The element at an index, or nil beyond the end.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
