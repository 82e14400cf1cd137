import Cluster
import Kernels
import Networks
import Objectives
import Tensors

/// One rank's part of an optimizer step, from images and labels to new weights; it knows nothing of datasets.
///
/// All ranks hold the same bits before and after each step: gradients, losses and Dice sums are added over the
/// micro-batches in a tree that does not know the ranks, and every rank takes the same step.
public final class TrainingStep {
    /// What a step came to, on all ranks alike.
    public enum Outcome: Sendable, Equatable {
        /// The weights have changed; the loss is that of the global batch before.
        case taken(loss: Double)
        /// The loss or the gradient is not a finite number. The weights are as they were; `samples` are those of this
        /// rank that are to blame, counted in the global batch.
        case notFinite(what: String, samples: [Int])
    }

    public let settings: StepSettings
    public let communicator: Communicator
    /// Flat, in the architecture's ``ParameterLayout``.
    public let weights: AlignedBuffer<Float>
    public let optimizer: NesterovOptimizer

    private var loss: LossDescription { settings.loss }
    private let sessions: SessionCache
    /// Grows with every change of the weights.
    private var weightsVersion = 0
    private var gradientSum: TreeSum<Float>?
    private let profile: StepProfile?

    /// - Parameters:
    ///   - weights: of the first step, which this object changes from then on; the same on all ranks.
    ///   - communicator: the ranks that share the batches.
    ///   - profile: takes the times of the kinds of work in every step.
    public init(
        _ settings: StepSettings, weights: AlignedBuffer<Float>, communicator: Communicator, profile: StepProfile? = nil
    ) {
        self.settings = settings
        self.communicator = communicator
        self.weights = weights
        self.profile = profile
        let scalarCount = settings.architecture.parameterLayout.scalarCount
        precondition(weights.count == scalarCount, "\(weights.count) weights for a network of \(scalarCount)")
        optimizer = NesterovOptimizer(
            architecture: settings.architecture, supervisedLevelCount: settings.loss.levelWeights.count)
        sessions = SessionCache(
            architecture: settings.architecture, loss: settings.loss, engine: settings.engine,
            precision: settings.precision, lastingPatch: settings.maximalPatchSize, profile: profile)
    }

    /// Takes over weights and momentum, for example those of a checkpoint. Rank-local; every rank must do it.
    public func restore(weights: AlignedBuffer<Float>, momentum: AlignedBuffer<Float>) {
        self.weights.pointer.update(from: weights.pointer, count: weights.count)
        optimizer.momentumBuffer.pointer.update(from: momentum.pointer, count: momentum.count)
        weightsVersion += 1
    }

    /// This rank's part of a batch.
    public func share(patchSize: [Int], batchSize: Int) -> BatchShare {
        BatchShare(
            patchSize: patchSize, plan: settings.microBatches(patchSize: patchSize, batchSize: batchSize),
            rank: communicator.rank, size: communicator.size)
    }

    /// One step: forward, loss, backward, the sum over the ranks, clipping, the optimizer.
    ///
    /// - Shapes: `images` `[share.samples.count, C, D, H, W]`, `labels` `[share.samples.count, D, H, W]`.
    /// - Parameter isFirst: the momentum holds nothing yet.
    /// - Throws: ``KernelError`` when the engine cannot compile the network, and ``MPIError``.
    /// - Collective: every rank of the communicator, with its own share of the same batch.
    public func run(
        _ share: BatchShare, images: UnsafePointer<Float>, labels: UnsafePointer<Int16>, rate: Double, isFirst: Bool
    ) throws -> Outcome {
        try profile.measure(.other) {
            try take(Batch(share: share, images: images, labels: labels), rate: rate, isFirst: isFirst)
        }
    }

    private func take(_ batch: Batch, rate: Double, isFirst: Bool) throws -> Outcome {
        let share = batch.share
        let normalization = try normalization(of: batch)
        let sum = gradientSum(over: share.plan.count)
        var leafLosses: [Double] = []
        for leaf in share.leaves {
            let compiled = try measured(batch, leaf: leaf)
            leafLosses.append(
                profile.measure(.loss) { compiled.loss.sampleLosses(normalization).reduce(0, +) })
            profile.measure(.gradientSum) {
                sum.add(leaf: leaf) { differentiate(compiled, normalization, into: $0) }
            }
        }
        let gradient = try profile.measure(.gradientSum) { try sum.finish() }
        var total = try TreeSum<Double>.sum(communicator, leafCount: share.plan.count, elementCount: 1) { leaf in
            [leafLosses[leaf - share.leaves.lowerBound]]
        }[0]
        if let sums = normalization.diceSums { total += loss.batchDiceLoss(sums) }

        let norm = profile.measure(.optimizer) { optimizer.norm(of: gradient) }
        guard total.isFinite, norm.isFinite else {
            return .notFinite(
                what: total.isFinite ? "the gradient" : "the loss", samples: try samplesToBlame(batch, normalization))
        }
        profile.measure(.optimizer) {
            optimizer.step(weights: weights, gradient: gradient, norm: norm, rate: rate, isFirst: isFirst)
        }
        weightsVersion += 1
        return .taken(loss: total)
    }

    /// The session and the loss for so many samples, with the present weights. Rank-local.
    ///
    /// - Throws: ``KernelError`` when the engine cannot compile the network.
    package func compiled(patchSize: [Int], sampleCount: Int) throws(KernelError) -> CompiledBatch {
        let compiled = try sessions.batch(patchSize: patchSize, sampleCount: sampleCount)
        compiled.load(weights, version: weightsVersion)
        return compiled
    }

    /// Gives back the memory of all sessions; those that are needed again are compiled again. Rank-local.
    func giveBackSessions() { sessions.removeAll() }

    /// The session of a micro-batch after ``run(_:leaf:)``; where batch Dice has just run the only one, it is used
    /// again.
    private func measured(_ batch: Batch, leaf: Int) throws(KernelError) -> CompiledBatch {
        if loss.usesBatchDice, batch.share.leaves.count == 1 { return try compiled(batch, leaf: leaf) }
        return try run(batch, leaf: leaf)
    }

    /// Runs a micro-batch forward and measures its loss; its session then holds probabilities.
    private func run(_ batch: Batch, leaf: Int) throws(KernelError) -> CompiledBatch {
        let compiled = try compiled(batch, leaf: leaf)
        let offset = batch.voxelOffset(of: leaf)
        profile.measure(.loss) { compiled.loss.targets.fill(from: batch.labels + offset) }
        compiled.session.forward(batch.images + offset * settings.architecture.inputChannelCount)
        batch.diceSums[leaf] = profile.measure(.loss) { compiled.loss.measure(compiled.session) }
        return compiled
    }

    /// The gradient of a measured micro-batch.
    private func differentiate(
        _ compiled: CompiledBatch, _ normalization: BatchNormalization, into gradient: UnsafeMutablePointer<Float>
    ) {
        profile.measure(.loss) { compiled.loss.differentiate(compiled.session, normalization) }
        compiled.session.backward(into: gradient)
    }

    private func compiled(_ batch: Batch, leaf: Int) throws(KernelError) -> CompiledBatch {
        try compiled(patchSize: batch.share.patchSize, sampleCount: batch.share.plan.samples(of: leaf).count)
    }

    /// What the loss must know of the whole batch: voxels that count, and with batch Dice the sums of all ranks, for
    /// which every micro-batch runs forward once more than its gradient needs.
    private func normalization(of batch: Batch) throws -> BatchNormalization {
        let share = batch.share
        let levels = loss.levelWeights.indices
        var normalization = BatchNormalization(sampleCount: share.batchSize, validVoxelCounts: [])
        if loss.ignoreLabel != nil {
            var valid = levels.map { _ in 0 }
            for leaf in share.leaves {
                let targets = try compiled(batch, leaf: leaf).loss.targets
                targets.fill(from: batch.labels + batch.voxelOffset(of: leaf))
                for level in levels { valid[level] += targets.validCount(level: level, ignoreLabel: loss.ignoreLabel) }
            }
            normalization.validVoxelCounts = try communicator.allReduceSum(valid)
        } else {
            normalization.validVoxelCounts = levels.map { level in
                share.batchSize
                    * zip(share.patchSize, settings.architecture.downsampling[level]).map { $0 / $1 }.reduce(1, *)
            }
        }
        if loss.usesBatchDice {
            for leaf in share.leaves { _ = try run(batch, leaf: leaf) }
            normalization.diceSums = try TreeSum<Double>.sum(
                communicator, leafCount: share.plan.count, elementCount: loss.diceSumCount
            ) { batch.diceSums[$0] ?? [] }
        }
        return normalization
    }

    private func gradientSum(over leafCount: Int) -> TreeSum<Float> {
        if let sum = gradientSum, sum.tree.leafCount == leafCount { return sum }
        let sum = TreeSum<Float>(communicator: communicator, leafCount: leafCount, elementCount: weights.count)
        gradientSum = sum
        return sum
    }

    /// Finds the samples that are to blame for a number that is not finite, by running each micro-batch once more with
    /// the unchanged weights.
    private func samplesToBlame(_ batch: Batch, _ normalization: BatchNormalization) throws(KernelError) -> [Int] {
        // The Dice of a batch spoils every gradient; its micro-batches are judged by their own sums.
        var normalization = normalization
        if normalization.diceSums != nil { normalization.diceSums = Array(repeating: 1, count: loss.diceSumCount) }
        var samples: [Int] = []
        let gradient = AlignedBuffer<Float>(count: weights.count)
        for leaf in batch.share.leaves {
            let compiled = try run(batch, leaf: leaf)
            let losses = compiled.loss.sampleLosses(normalization)
            differentiate(compiled, normalization, into: gradient.pointer)
            // Where single losses are at fault, their samples; otherwise all of the micro-batch.
            let isGradient = losses.allSatisfy(\.isFinite)
            if isGradient, optimizer.norm(of: gradient).isFinite { continue }
            for (sample, loss) in zip(batch.share.plan.samples(of: leaf), losses) where isGradient || !loss.isFinite {
                samples.append(sample)
            }
        }
        return samples
    }
}

/// This rank's images and labels during a step.
private final class Batch {
    let share: BatchShare
    let images: UnsafePointer<Float>
    let labels: UnsafePointer<Int16>
    /// By leaf: what batch Dice adds up.
    var diceSums: [Int: [Double]] = [:]

    init(share: BatchShare, images: UnsafePointer<Float>, labels: UnsafePointer<Int16>) {
        self.share = share
        self.images = images
        self.labels = labels
    }

    /// Where the first sample of a micro-batch lies among the labels.
    func voxelOffset(of leaf: Int) -> Int {
        (share.plan.samples(of: leaf).lowerBound - share.samples.lowerBound) * share.voxelCount
    }
}
