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

/// One rank's copy of the network, and the patches that it learns from: ``TrainingStep`` on the data of a fold.
final class Replica {
    let setup: FoldSetup
    let communicator: Communicator
    var weights: AlignedBuffer<Float> { trainingStep.weights }
    var optimizer: NesterovOptimizer { trainingStep.optimizer }

    private let trainingStep: TrainingStep
    private let batches: TrainingBatches
    private var images = AlignedBuffer<Float>(count: 0)
    private var labels = AlignedBuffer<Int16>(count: 0)

    init(_ setup: FoldSetup, communicator: Communicator) throws {
        self.setup = setup
        self.communicator = communicator
        trainingStep = TrainingStep(
            setup.stepSettings, weights: setup.architecture.initialWeights(seed: setup.configuration.seed),
            communicator: communicator)
        batches = try setup.trainingBatches(setup.configuration)
    }

    /// Takes over the state of a checkpoint.
    func restore(weights: AlignedBuffer<Float>, momentum: AlignedBuffer<Float>) {
        trainingStep.restore(weights: weights, momentum: momentum)
    }

    func stage(atIteration iteration: Int) -> Stage { batches.stage(atIteration: iteration) }

    /// Opens all cases now, not when a patch first needs them.
    func openCases() throws { _ = try batches.cases.sources(Array(0..<batches.cases.count)) }

    /// One iteration: patches, then the optimizer's step on them.
    ///
    /// - Throws: ``TrainingError/notFinite(what:iteration:epoch:stage:cases:)`` on all ranks together, before the
    ///   weights change.
    /// - Collective: every rank of the fold's group.
    func step(iteration: Int, rate: Double) throws -> StepReport {
        let stage = stage(atIteration: iteration)
        let share = trainingStep.share(patchSize: stage.patchSize, batchSize: stage.batchSize)
        let clock = ContinuousClock()
        let start = clock.now
        let statistics = try communicator.agreeing { try fill(share, iteration: iteration) }
        let dataWait = start.duration(to: clock.now) / .seconds(1)
        let outcome = try trainingStep.run(
            share, images: images.pointer, labels: labels.pointer, rate: rate, isFirst: iteration == 0)
        switch outcome {
        case .taken(let loss):
            return StepReport(loss: loss, statistics: statistics, dataWaitSeconds: dataWait)
        case .notFinite(let what, let samples):
            let own = samples.map { statistics.samples[$0 - share.samples.lowerBound].identifier }
            let all = try communicator.allGather(own.joined(separator: "\n"))
            throw TrainingError.notFinite(
                what: what, iteration: iteration, epoch: iteration / setup.configuration.iterationsPerEpoch,
                stage: stage.index, cases: Set(all.flatMap { $0.split(separator: "\n") }).map(String.init).sorted())
        }
    }

    /// Reads this rank's patches of an iteration.
    private func fill(_ share: BatchShare, iteration: Int) throws -> BatchStatistics {
        let voxels = share.samples.count * share.voxelCount
        let imageCount = voxels * setup.architecture.inputChannelCount
        if images.count < imageCount { images = AlignedBuffer(count: imageCount) }
        if labels.count < voxels { labels = AlignedBuffer(count: voxels) }
        return try batches.fill(
            iteration: iteration, samples: share.samples, images: images.pointer, labels: labels.pointer)
    }

    /// The session and the loss for so many samples, with the present weights.
    func compiled(patchSize: [Int], sampleCount: Int) throws(KernelError) -> CompiledBatch {
        try trainingStep.compiled(patchSize: patchSize, sampleCount: sampleCount)
    }

    /// A session of the plan's patch for the final validation; the sessions of the training are given back first.
    func makeInferenceSession() throws(KernelError) -> Session {
        trainingStep.giveBackSessions()
        return try Session(
            architecture: setup.architecture, batchSize: 1, patchSize: setup.plan.patchSize, purpose: .inference,
            engine: setup.configuration.engine, precision: setup.configuration.computedPrecision)
    }
}
