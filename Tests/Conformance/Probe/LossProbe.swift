import Documents
import Objectives
import Tensors

/// Losses and their gradients in the logits.
enum LossProbe {
    /// Request: `logits`, one path `[N, heads, D, H, W]` per supervised level; `target` `[N, D, H, W]`; `labels`,
    /// `regionsClassOrder`, `batchDice`; `microBatch`, samples at a time; `gradients`, one path per level.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let logits = try request.arrays("logits")
        let target = try request.array("target", of: Int16.self)
        let description = try request.loss(levelCount: logits.count)
        let batch = LossBatch(
            description: description, logits: logits, target: target, microBatchSize: try request.integer("microBatch"))
        let loss = batch.run()
        for (level, path) in try request.texts("gradients").enumerated() {
            try Request.write(batch.values[level].array, shape: logits[level].shape, path: path)
        }
        return ["loss": .real(loss)]
    }
}

/// A global batch of logits that is treated in micro-batches, as a training step treats it.
final class LossBatch {
    let description: LossDescription
    /// Per level the logits, later their gradients, `[N, heads, D, H, W]`.
    let values: [AlignedBuffer<Float>]
    private let parts: [(first: Int, loss: DeepSupervisionLoss)]
    private let sampleStrides: [Int]
    private let sampleCount: Int

    init(description: LossDescription, logits: [Tensor<Float>], target: Tensor<Int16>, microBatchSize: Int) {
        self.description = description
        values = logits.map { AlignedBuffer($0.scalars) }
        sampleStrides = logits.map { $0.shape.dropFirst().reduce(1, *) }
        sampleCount = target.shape[0]
        let sizes = logits.map { Array($0.shape.dropFirst(2)) }
        let voxels = target.shape.dropFirst().reduce(1, *)
        let labels = AlignedBuffer(target.scalars)
        parts = stride(from: 0, to: sampleCount, by: microBatchSize).map { [sampleCount] first in
            let loss = DeepSupervisionLoss(
                description: description, batchSize: min(microBatchSize, sampleCount - first), sizes: sizes)
            loss.targets.fill(from: labels.pointer + first * voxels)
            return (first, loss)
        }
    }

    /// Puts the gradients in the place of the logits.
    ///
    /// - Returns: the loss of the whole batch.
    func run() -> Double {
        var batch = BatchNormalization(
            sampleCount: sampleCount,
            validVoxelCounts: values.indices.map { level in
                parts.reduce(0) {
                    $0 + $1.loss.targets.validCount(level: level, ignoreLabel: description.ignoreLabel)
                }
            })
        var sums = [Double](repeating: 0, count: description.diceSumCount)
        for part in parts {
            for (index, sum) in part.loss.measure(logits: { place($0, part.first) }).enumerated() { sums[index] += sum }
        }
        if description.usesBatchDice { batch.diceSums = sums }
        var loss = parts.reduce(0) { $0 + $1.loss.sampleLosses(batch).reduce(0, +) }
        if description.usesBatchDice { loss += description.batchDiceLoss(sums) }
        for part in parts { part.loss.differentiate(logits: { place($0, part.first) }, batch) }
        return loss
    }

    private func place(_ level: Int, _ sample: Int) -> UnsafeMutablePointer<Float> {
        values[level].pointer + sample * sampleStrides[level]
    }
}
