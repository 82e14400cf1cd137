import Kernels
import Networks
import Objectives
import Tensors

/// A loss on logits that a test chooses: a session of a small network serves as their place.
struct LossBench {
    let loss: LossDescription
    let session: Session
    let objective: DeepSupervisionLoss

    static let patchSize = [4, 8, 8]

    /// - Parameter levelCount: 1, or 2 with weights ⅔ and ⅓.
    init(
        batchSize: Int, headCount: Int = 3, kind: HeadKind = .labels, ignoreLabel: Int? = nil, batchDice: Bool = false,
        levelCount: Int = 1
    ) throws {
        let levels = levelCount + 2
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: headCount, features: Array(repeating: 2, count: levels),
            kernelSizes: Array(repeating: [1, 1, 1], count: levels),
            strides: [[1, 1, 1]] + Array(repeating: [1, 2, 2], count: levels - 1),
            encoderConvolutionCounts: Array(repeating: 1, count: levels),
            decoderConvolutionCounts: Array(repeating: 1, count: levels - 1))
        loss = LossDescription(
            headCount: headCount, kind: kind, ignoreLabel: ignoreLabel, usesBatchDice: batchDice,
            levelWeights: LossDescription.levelWeights(decoderLevelCount: levels - 1))
        session = try Session(
            architecture: architecture, batchSize: batchSize, patchSize: Self.patchSize, purpose: .training,
            engine: .openBLAS)
        objective = DeepSupervisionLoss(description: loss, batchSize: batchSize, sizes: session.logitSizes)
    }

    static let voxelCount = patchSize.reduce(1, *)
    var levels: Range<Int> { session.logitSizes.indices }
    /// Logits of one sample at a level.
    func logitCount(_ level: Int) -> Int { loss.headCount * session.logitSizes[level].reduce(1, *) }

    /// Takes labels `[N, D, H, W]` and, per level, logits `[N, heads, …]`; returns the sums that batch Dice adds up.
    func measure(labels: [Int16], logits: [[Float]]) -> [Double] {
        objective.targets.fill(from: labels)
        for level in levels { session.logits(level: level).update(from: logits[level], count: logits[level].count) }
        return objective.measure(session)
    }

    var validVoxelCounts: [Int] {
        levels.map { objective.targets.validCount(level: $0, ignoreLabel: loss.ignoreLabel) }
    }

    /// After ``measure(labels:logits:)``: this bench's share of the loss, and the gradient per level.
    func differentiate(_ batch: BatchNormalization) -> (loss: Double, gradient: [[Float]]) {
        let value = objective.sampleLosses(batch).reduce(0, +)
        objective.differentiate(session, batch)
        return (
            value,
            levels.map { level in
                Array(
                    UnsafeBufferPointer(
                        start: session.logits(level: level), count: session.batchSize * logitCount(level)))
            }
        )
    }

    /// Loss and gradient where this bench holds the whole batch.
    func run(labels: [Int16], logits: [[Float]]) -> (loss: Double, gradient: [[Float]]) {
        let sums = measure(labels: labels, logits: logits)
        var result = differentiate(
            BatchNormalization(
                sampleCount: session.batchSize, validVoxelCounts: validVoxelCounts,
                diceSums: loss.usesBatchDice ? sums : nil))
        if loss.usesBatchDice { result.loss += loss.batchDiceLoss(sums) }
        return result
    }

    /// Logits `size` for the label of each voxel and −`size` for the others; for regions by membership.
    func answer(_ labels: [Int16], size: Float) -> [[Float]] {
        objective.targets.fill(from: labels)
        return levels.map { level in
            let voxels = session.logitSizes[level].reduce(1, *)
            return objective.targets.withLabels(level: level) { targets in
                (0..<session.batchSize * logitCount(level)).map { index in
                    let (sample, head) = (index / logitCount(level), index / voxels % loss.headCount)
                    let label = Int(targets[sample * voxels + index % voxels])
                    return switch loss.kind {
                    case .labels: label == head ? size : -size
                    case .regions(let regions): regions[head].contains(label) ? size : -size
                    }
                }
            }
        }
    }

    func noise(_ index: Int) -> [[Float]] {
        levels.map { level in
            var stream = RandomStream(seed: 21, purpose: .test, iteration: level, index: index)
            return (0..<session.batchSize * logitCount(level)).map { _ in 2 * stream.normal() }
        }
    }

    /// Labels `0 ..< labelCount` in stripes that every level sees.
    static func stripes(_ sampleCount: Int, labelCount: Int) -> [Int16] {
        (0..<sampleCount * voxelCount).map { Int16(($0 / 2 / 4 + $0 / voxelCount) % labelCount) }
    }
}
