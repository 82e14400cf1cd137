import Cluster
import Kernels
import Objectives
import Patches
import Tensors

/// The validation inside the training: at the end of each epoch, on the plan's patch and batch, without augmentation.
///
/// The micro-batches of all its batches are shared among the ranks; sums are added in a tree that does not know them.
final class OnlineValidation {
    private let replica: Replica
    private let batches: ValidationBatches
    private let batchCount: Int
    private let loss: LossDescription
    private let plan: MicroBatchPlan
    private var images = AlignedBuffer<Float>(count: 0)
    private var labels = AlignedBuffer<Int16>(count: 0)

    /// - Parameter batchCount: validation iterations per epoch; 0 switches it off.
    init(_ replica: Replica, batchCount: Int) throws {
        let setup = replica.setup
        self.replica = replica
        self.batchCount = batchCount
        batches = try setup.validationBatches(setup.configuration)
        loss = setup.loss
        plan = setup.microBatches(patchSize: setup.plan.patchSize, batchSize: setup.plan.batchSize)
    }

    /// The mean loss and the pseudo Dice per class of an epoch; NaN where there is nothing to say.
    ///
    /// - Collective: every rank of the fold's group.
    func run(epoch: Int) throws -> (loss: Double, pseudoDice: [Double]) {
        let setup = replica.setup
        let communicator = replica.communicator
        var counts = PseudoDice(labels: setup.description.labelManager, loss: loss)
        guard batchCount > 0 else { return (.nan, PseudoDice.values(counts.counts)) }
        let leafCount = batchCount * plan.count
        let leaves = Shares.leaves(rank: communicator.rank, size: communicator.size, leafCount: leafCount)

        // Per leaf: cross-entropy (and Dice per sample) still to be divided by the batch's valid voxels; Dice sums.
        var parts: [Int: [Double]] = [:]
        let outcome = Result {
            for leaf in leaves {
                let compiled = try forward(epoch: epoch, leaf: leaf)
                counts.add(compiled.batch)
                parts[leaf] = compiled.part
            }
        }
        if case .failure(let error) = outcome {
            try communicator.agree(failure: error)
        } else {
            try communicator.agree(failure: nil)
        }

        // Every batch has its own place in the vector; the other places of a leaf are zeros, which change no bit.
        let width = partWidth
        let sums = try TreeSum<Double>.sum(communicator, leafCount: leafCount, elementCount: batchCount * width) {
            leaf in
            var vector = [Double](repeating: 0, count: batchCount * width)
            let place = leaf / plan.count * width
            for (index, value) in (parts[leaf] ?? []).enumerated() { vector[place + index] = value }
            return vector
        }
        let total = (0..<batchCount).reduce(0.0) { $0 + batchLoss(Array(sums[$1 * width..<($1 + 1) * width])) }
        let agreed = try communicator.allReduceSum(counts.counts)
        return (total / Double(batchCount), PseudoDice.values(agreed))
    }

    /// Per level: cross-entropy, valid voxels, and minus the summed Dice of the samples; then the Dice sums.
    private var partWidth: Int { loss.levelWeights.count * 3 + loss.diceSumCount }

    private func forward(epoch: Int, leaf: Int) throws -> (batch: CompiledBatch, part: [Double]) {
        let setup = replica.setup
        let samples = plan.samples(of: leaf % plan.count)
        let voxels = setup.plan.patchSize.reduce(1, *)
        let imageCount = samples.count * voxels * setup.architecture.inputChannelCount
        if images.count < imageCount { images = AlignedBuffer(count: imageCount) }
        if labels.count < samples.count * voxels { labels = AlignedBuffer(count: samples.count * voxels) }
        try batches.fill(
            epoch: epoch, batch: leaf / plan.count, samples: samples, images: images.pointer, labels: labels.pointer)
        let compiled = try replica.compiled(patchSize: setup.plan.patchSize, sampleCount: samples.count)
        compiled.loss.targets.fill(from: labels.pointer)
        compiled.session.forward(images.pointer)
        let diceSums = compiled.loss.measure(compiled.session)
        var part: [Double] = []
        for level in loss.levelWeights.indices {
            let sums = compiled.loss.levelSums(level)
            part += [
                sums.crossEntropy,
                Double(compiled.loss.targets.validCount(level: level, ignoreLabel: loss.ignoreLabel)), sums.diceLoss,
            ]
        }
        return (compiled, part + diceSums)
    }

    private func batchLoss(_ sums: [Double]) -> Double {
        var total = loss.levelWeights.indices.reduce(0.0) { total, level in
            let crossEntropy = loss.crossEntropyFactor(validVoxelCount: Int(sums[3 * level + 1])) * sums[3 * level]
            let dice = loss.usesBatchDice ? 0 : sums[3 * level + 2] / Double(plan.batchSize)
            return total + loss.levelWeights[level] * (crossEntropy + dice)
        }
        if loss.usesBatchDice { total += loss.batchDiceLoss(Array(sums[(3 * loss.levelWeights.count)...])) }
        return total
    }
}
