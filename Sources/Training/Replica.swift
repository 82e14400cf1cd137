import Cluster
import Curriculum
import Kernels
import Networks
import Objectives
import Patches
import Tensors

/// What an optimizer step reports, the same on all ranks except for the time.
struct StepReport {
    var loss: Double
    /// Of this rank's samples.
    var statistics: BatchStatistics
    /// Time in which this rank prepared patches.
    var dataWaitSeconds: Double
}

/// One rank's copy of the network and its share of every step.
///
/// All copies hold the same bits before and after each step: gradients, losses and Dice sums are added over the
/// micro-batches in a tree that does not know the ranks, and every rank takes the same step.
final class Replica {
    let setup: FoldSetup
    let communicator: Communicator
    let weights: AlignedBuffer<Float>
    let optimizer: NesterovOptimizer
    let sessions: SessionCache
    /// Grows with every change of the weights.
    private(set) var weightsVersion = 0

    private let batches: TrainingBatches
    private let loss: LossDescription
    private let layout: ParameterLayout
    private let leafGradient: AlignedBuffer<Float>
    private let gradient: AlignedBuffer<Float>
    private var gradientSum: TreeSum<Float>?
    private var images = AlignedBuffer<Float>(count: 0)
    private var labels = AlignedBuffer<Int16>(count: 0)

    init(_ setup: FoldSetup, communicator: Communicator) throws {
        self.setup = setup
        self.communicator = communicator
        loss = setup.loss
        layout = setup.architecture.parameterLayout
        weights = setup.architecture.initialWeights(seed: setup.configuration.seed)
        optimizer = NesterovOptimizer(
            architecture: setup.architecture, supervisedLevelCount: loss.levelWeights.count)
        sessions = SessionCache(
            architecture: setup.architecture, loss: loss, engine: setup.configuration.engine,
            precision: setup.configuration.computedPrecision, lastingPatch: setup.plan.patchSize)
        batches = try setup.trainingBatches(setup.configuration)
        leafGradient = AlignedBuffer(count: layout.scalarCount)
        gradient = AlignedBuffer(count: layout.scalarCount)
    }

    /// Takes over the state of a checkpoint.
    func restore(weights: AlignedBuffer<Float>, momentum: AlignedBuffer<Float>) {
        self.weights.pointer.update(from: weights.pointer, count: weights.count)
        optimizer.momentumBuffer.pointer.update(from: momentum.pointer, count: momentum.count)
        weightsVersion += 1
    }

    func stage(atIteration iteration: Int) -> Stage { batches.stage(atIteration: iteration) }

    /// One iteration: patches, forward, loss, backward, the sum over the ranks, clipping, the step.
    ///
    /// - Throws: ``TrainingError/notFinite(what:iteration:epoch:stage:cases:)`` on all ranks together, before the weights
    ///   change.
    /// - Collective: every rank of the fold's group.
    func step(iteration: Int, rate: Double) throws -> StepReport {
        let share = Share(stage: stage(atIteration: iteration), setup: setup, communicator: communicator)
        let clock = ContinuousClock()
        let start = clock.now
        let statistics = try communicator.agreeing { try fill(share, iteration: iteration) }
        let dataWait = start.duration(to: clock.now) / .seconds(1)

        let batch = try batchNormalization(share)
        let sum = gradientSum(over: share.plan.count)
        var leafLosses: [Double] = []
        for leaf in share.leaves {
            let compiled = try measured(share, leaf: leaf)
            leafLosses.append(compiled.loss.sampleLosses(batch).reduce(0, +))
            compiled.loss.differentiate(compiled.session, batch)
            compiled.session.backward(into: leafGradient.pointer)
            sum.add(leaf: leaf, values: leafGradient.pointer)
        }
        try sum.finish(into: gradient.pointer)
        var loss = try TreeSum<Double>.sum(communicator, leafCount: share.plan.count, elementCount: 1) { leaf in
            [leafLosses[leaf - share.leaves.lowerBound]]
        }[0]
        if let sums = batch.diceSums { loss += self.loss.batchDiceLoss(sums) }

        let norm = optimizer.norm(of: gradient)
        guard loss.isFinite, norm.isFinite else {
            throw try notFinite(loss.isFinite ? "the gradient" : "the loss", share, iteration, batch, statistics)
        }
        optimizer.step(weights: weights, gradient: gradient, norm: norm, rate: rate, isFirst: iteration == 0)
        weightsVersion += 1
        return StepReport(loss: loss, statistics: statistics, dataWaitSeconds: dataWait)
    }

    /// Reads this rank's patches of an iteration.
    private func fill(_ share: Share, iteration: Int) throws -> BatchStatistics {
        let voxels = share.stage.patchVoxelCount
        let imageCount = share.samples.count * voxels * setup.architecture.inputChannelCount
        if images.count < imageCount { images = AlignedBuffer(count: imageCount) }
        if labels.count < share.samples.count * voxels { labels = AlignedBuffer(count: share.samples.count * voxels) }
        return try batches.fill(
            iteration: iteration, samples: share.samples, images: images.pointer, labels: labels.pointer)
    }

    /// The session of a micro-batch after ``run(_:leaf:)``; where batch Dice has just run the only one, it is used again.
    private func measured(_ share: Share, leaf: Int) throws -> CompiledBatch {
        if loss.usesBatchDice, share.leaves.count == 1 {
            return try compiled(share, share.plan.samples(of: leaf).count)
        }
        return try run(share, leaf: leaf)
    }

    /// Runs a micro-batch forward and measures its loss; its session then holds probabilities.
    private func run(_ share: Share, leaf: Int) throws -> CompiledBatch {
        let samples = share.plan.samples(of: leaf)
        let compiled = try compiled(share, samples.count)
        let offset = (samples.lowerBound - share.samples.lowerBound) * share.stage.patchVoxelCount
        compiled.loss.targets.fill(from: labels.pointer + offset)
        compiled.session.forward(images.pointer + offset * setup.architecture.inputChannelCount)
        share.diceSums[leaf] = compiled.loss.measure(compiled.session)
        return compiled
    }

    /// The session for so many samples of a stage, with the present weights.
    private func compiled(_ share: Share, _ sampleCount: Int) throws -> CompiledBatch {
        let compiled = try sessions.batch(patchSize: share.stage.patchSize, sampleCount: sampleCount)
        prepare(compiled)
        return compiled
    }

    /// Gives a session the present weights.
    func prepare(_ compiled: CompiledBatch) {
        guard compiled.weightsVersion != weightsVersion else { return }
        compiled.session.load(weights: weights)
        compiled.weightsVersion = weightsVersion
    }

    /// A session of the plan's patch for the final validation; the sessions of the training are given back first.
    func makeInferenceSession() throws(KernelError) -> Session {
        sessions.removeAll()
        return try Session(
            architecture: setup.architecture, batchSize: 1, patchSize: setup.plan.patchSize, purpose: .inference,
            engine: setup.configuration.engine)
    }

    /// What the loss must know of the whole batch: voxels that count, and with batch Dice the sums of all ranks, for which
    /// every micro-batch runs forward once more than its gradient needs.
    private func batchNormalization(_ share: Share) throws -> BatchNormalization {
        let levels = loss.levelWeights.indices
        var batch = BatchNormalization(sampleCount: share.stage.batchSize, validVoxelCounts: [])
        var valid = levels.map { _ in 0 }
        if loss.ignoreLabel != nil {
            for leaf in share.leaves {
                let samples = share.plan.samples(of: leaf)
                let targets = try compiled(share, samples.count).loss.targets
                targets.fill(
                    from: labels.pointer
                        + (samples.lowerBound - share.samples.lowerBound) * share.stage.patchVoxelCount)
                for level in levels { valid[level] += targets.validCount(level: level, ignoreLabel: loss.ignoreLabel) }
            }
            batch.validVoxelCounts = try communicator.allReduceSum(valid)
        } else {
            batch.validVoxelCounts = levels.map { level in
                share.stage.batchSize
                    * zip(share.stage.patchSize, setup.architecture.downsampling[level]).map { $0 / $1 }.reduce(1, *)
            }
        }
        if loss.usesBatchDice {
            for leaf in share.leaves { _ = try run(share, leaf: leaf) }
            batch.diceSums = try TreeSum<Double>.sum(
                communicator, leafCount: share.plan.count, elementCount: loss.diceSumCount
            ) { share.diceSums[$0] ?? [] }
        }
        return batch
    }

    private func gradientSum(over leafCount: Int) -> TreeSum<Float> {
        if let sum = gradientSum, sum.tree.leafCount == leafCount { return sum }
        let sum = TreeSum<Float>(communicator: communicator, leafCount: leafCount, elementCount: layout.scalarCount)
        gradientSum = sum
        return sum
    }

    /// Finds the micro-batches that are to blame, by running each once more with the unchanged weights.
    private func notFinite(
        _ what: String, _ share: Share, _ iteration: Int, _ batch: BatchNormalization, _ statistics: BatchStatistics
    ) throws -> TrainingError {
        // The Dice of a batch spoils every gradient; its micro-batches are judged by their own sums.
        var batch = batch
        if batch.diceSums != nil { batch.diceSums = Array(repeating: 1, count: loss.diceSumCount) }
        var cases: [String] = []
        for leaf in share.leaves {
            let compiled = try run(share, leaf: leaf)
            let losses = compiled.loss.sampleLosses(batch)
            compiled.loss.differentiate(compiled.session, batch)
            compiled.session.backward(into: leafGradient.pointer)
            // Where single losses are at fault, their samples; otherwise all of the micro-batch.
            let isGradient = losses.allSatisfy(\.isFinite)
            if isGradient, optimizer.norm(of: leafGradient).isFinite { continue }
            for (sample, loss) in zip(share.plan.samples(of: leaf), losses) where isGradient || !loss.isFinite {
                cases.append(statistics.samples[sample - share.samples.lowerBound].identifier)
            }
        }
        let everyone = Set(try communicator.allGather(cases.joined(separator: "\n")).flatMap { $0.split(separator: "\n") })
        return .notFinite(
            what: what, iteration: iteration, epoch: iteration / setup.configuration.iterationsPerEpoch,
            stage: share.stage.index, cases: everyone.map(String.init).sorted())
    }
}

/// This rank's part of a stage's batch.
private final class Share {
    let stage: Stage
    let plan: MicroBatchPlan
    let leaves: Range<Int>
    let samples: Range<Int>
    /// By leaf: what batch Dice adds up.
    var diceSums: [Int: [Double]] = [:]

    init(stage: Stage, setup: FoldSetup, communicator: Communicator) {
        self.stage = stage
        plan = setup.microBatches(patchSize: stage.patchSize, batchSize: stage.batchSize)
        leaves = Shares.leaves(rank: communicator.rank, size: communicator.size, leafCount: plan.count)
        samples = plan.samples(of: leaves)
    }
}
