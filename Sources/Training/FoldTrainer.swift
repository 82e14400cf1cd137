import Checkpoints
import Cluster
import Curriculum
import Documents
import Evaluation
import Kernels
import Objectives
import Prediction
import Tensors
import Threads

/// How a fold's run ended.
public struct FoldOutcome: Sendable {
    public let weightsSHA256: String
    /// The run was asked to stop before its end; `--c` continues it.
    public let wasStopped: Bool
}

/// Trains one fold on the ranks of one communicator, from the first iteration or a checkpoint to the scored validation.
public final class FoldTrainer {
    private let setup: FoldSetup
    private let communicator: Communicator
    private let mode: RunMode
    /// On the leading rank only.
    private let observer: (any TrainingObserver)?
    private let note: (String) -> Void
    private let folder: RunFolder
    private var state = RunState()
    private var configuration: RunConfiguration { setup.configuration }

    /// - Parameters:
    ///   - observer: receives the events on the leading rank; nil elsewhere.
    ///   - note: tells the watchdog what this rank is doing.
    public init(
        _ setup: FoldSetup, communicator: Communicator, mode: RunMode, observer: (any TrainingObserver)?,
        note: @escaping (String) -> Void
    ) {
        self.setup = setup
        self.communicator = communicator
        self.mode = mode
        self.observer = observer
        self.note = note
        folder = RunFolder(setup: setup)
    }

    /// Runs the fold to its end.
    ///
    /// - Throws: on all ranks of the communicator together: ``AgreedError`` or ``TrainingError``; other errors alone.
    /// - Collective: every rank of the communicator.
    public func run() throws -> FoldOutcome {
        let replica = try communicator.agreeing { try Replica(setup, communicator: communicator) }
        let found = try restore(into: replica)
        let pretrained = found == nil ? try startPretrained(replica) : nil
        _ = try communicator.agreeingOnRoot {
            if case .start(overwrites: true) = mode { try folder.clear() }
            try folder.writeDocuments(resolvedConfiguration)
        }
        describe(replica, found)
        if let pretrained {
            observer?.receive(
                .note(
                    "starting from \(pretrained.path): \(pretrained.takenCount) of \(pretrained.parameterCount) tensors, all "
                        + "but the segmentation heads"))
        }
        if mode != .validate {
            guard try train(replica, isNew: found == nil) else {
                return FoldOutcome(weightsSHA256: digest(replica), wasStopped: true)
            }
        }
        try validate(replica)
        let digest = digest(replica)
        observer?.receive(.finished(weightsSHA256: digest))
        return FoldOutcome(weightsSHA256: digest, wasStopped: false)
    }

    private func digest(_ replica: Replica) -> String {
        Checkpoint.weightsSHA256(setup.architecture.parameterLayout, replica.weights)
    }

    private var resolvedConfiguration: RunConfiguration {
        var resolved = configuration
        resolved.fold = setup.fold.description
        resolved.threads = Threads.count
        resolved.batchConstruction = configuration.batchConstruction ?? configuration.scheme.defaultConstruction
        return resolved
    }

    /// Brings weights, momentum and state from the newest valid checkpoint, if the run continues and one is there.
    private func restore(into replica: Replica) throws -> FoundCheckpoint? {
        if case .start = mode { return nil }
        let layout = setup.architecture.parameterLayout
        guard let found = try Checkpoint.newestValid(in: setup.folder, layout: layout, communicator) else { return nil }
        state = try communicator.agreeing { try folder.state(found, mode) }
        replica.restore(weights: found.content.weights, momentum: found.content.momentum)
        found.warnings.forEach { observer?.receive(.warning($0)) }
        let stored = found.content.attributes
        if stored.threads != Threads.count {
            if configuration.threads == nil {
                Threads.setCount(stored.threads)
                observer?.receive(.note("going on with \(stored.threads) threads per rank, as the run was started"))
            } else {
                observer?.receive(
                    .warning(
                        "the run was started with \(stored.threads) threads per rank and goes on with \(Threads.count): "
                            + "its bits will differ from those of an uninterrupted run"))
            }
        }
        let engine = configuration.engineDescription
        if let started = stored.others["engine"]?.string, started != engine {
            observer?.receive(
                .warning(
                    "the run was started with \(started) and goes on with \(engine): its bits will differ from those of an "
                        + "uninterrupted run"))
        }
        return found
    }

    /// Gives the replica the weights that a new run starts from, if there are any; every rank reads the same file.
    private func startPretrained(_ replica: Replica) throws -> PretrainedWeights? {
        guard let path = configuration.pretrainedWeights else { return nil }
        let layout = setup.architecture.parameterLayout
        let pretrained = try communicator.agreeing { try PretrainedWeights(contentsOf: path, layout: layout) }
        replica.restore(
            weights: pretrained.replacing(replica.weights), momentum: AlignedBuffer(count: layout.scalarCount))
        return pretrained
    }

    private func describe(_ replica: Replica, _ found: FoundCheckpoint?) {
        guard let observer else { return }
        let schedule = setup.schedule
        observer.receive(
            .started(
                RunDescription(
                    folder: setup.folder, dataset: setup.dataset.name, configuration: setup.plan.name,
                    plansName: setup.plans.name, scheme: configuration.scheme, fold: setup.fold.description,
                    schedule: schedule, patchSize: setup.plan.patchSize, batchSize: setup.plan.batchSize,
                    trainingCaseCount: setup.split.train.count, validationCaseCount: setup.split.validation.count,
                    parameterCount: setup.architecture.parameterLayout.scalarCount, rankCount: communicator.size,
                    threadsPerRank: Threads.count, engine: configuration.engineDescription, seed: configuration.seed,
                    firstIteration: state.iteration, resolvedConfiguration: resolvedConfiguration.yaml)))
        if let found { observer.receive(.note("continuing from \(found.path), iteration \(state.iteration)")) }
        let idle = schedule.stages.filter {
            setup.microBatches(patchSize: $0.patchSize, batchSize: $0.batchSize).count < communicator.size
        }
        if !idle.isEmpty {
            observer.receive(
                .warning(
                    "in \(idle.count) of \(schedule.stages.count) stages there are fewer micro-batches than the "
                        + "\(communicator.size) ranks, down to "
                        + "\(idle.map { setup.microBatches(patchSize: $0.patchSize, batchSize: $0.batchSize).count }.min() ?? 0)"
                        + ": the other ranks idle there; give spare ranks to other folds, or more threads to fewer ranks"
                ))
        }
    }

    // MARK: - The loop

    /// - Returns: false when the run was asked to stop.
    private func train(_ replica: Replica, isNew: Bool) throws -> Bool {
        let scheduler = Scheduler(communicator: communicator, saveEverySeconds: configuration.saveEvery)
        let validation = try communicator.agreeing {
            try OnlineValidation(replica, batchCount: configuration.validationIterations)
        }
        let perEpoch = configuration.iterationsPerEpoch
        if isNew { try save(replica, .latest, reason: "start", scheduler) }
        var announced = -1
        while state.iteration < setup.schedule.iterationCount {
            let iteration = state.iteration
            let epoch = iteration / perEpoch
            let stage = replica.stage(atIteration: iteration)
            note("epoch \(epoch), iteration \(iteration % perEpoch)")
            let isTransition = stage.index > 0 && stage.firstIteration == iteration && !setup.schedule.isRandom
            let directive = try scheduler.directive(
                iteration: iteration, stage: stage.index, isTransition: isTransition)
            if directive.saves, iteration > 0 {
                try save(
                    replica, .latest, reason: isTransition ? "stage transition" : directive.stops ? "stop" : "clock",
                    scheduler)
            }
            if directive.stops {
                observer?.receive(.note("asked to stop at iteration \(iteration); --c continues"))
                return false
            }
            if !setup.schedule.isRandom, stage.index != announced {
                announced = stage.index
                observer?.receive(.stageStarted(stage, stageCount: setup.schedule.stages.count))
            }
            try iterate(replica, iteration: iteration, epoch: epoch, stage: stage)
            if state.iteration % perEpoch == 0 {
                try endEpoch(replica, epoch: epoch, stage: stage, validation, scheduler)
            }
        }
        try save(replica, .final, reason: "end", scheduler)
        _ = try communicator.agreeingOnRoot { try folder.removeRunningCheckpoints() }
        scheduler.finish()
        return true
    }

    private func iterate(_ replica: Replica, iteration: Int, epoch: Int, stage: Stage) throws {
        let rate = LearningRate.polynomial(epoch: epoch, epochs: configuration.epochs)
        if state.progress.iterationCount == 0 { observer?.receive(.epochStarted(epoch: epoch, learningRate: rate)) }
        let start = ContinuousClock.now
        let report = try replica.step(iteration: iteration, rate: rate)
        let seconds = start.duration(to: .now) / .seconds(1)
        try state.progress.add(
            report, stage: stage, seconds: seconds,
            labelCount: (setup.description.labelManager.allLabels.max() ?? 0) + 1,
            communicator: communicator)
        state.iteration += 1
        observer?.receive(
            .iterationEnded(
                IterationRecord(
                    iteration: iteration, iterationCount: setup.schedule.iterationCount, epoch: epoch,
                    iterationInEpoch: iteration % configuration.iterationsPerEpoch,
                    iterationsPerEpoch: configuration.iterationsPerEpoch, stageIndex: stage.index,
                    stageCount: setup.schedule.stages.count, patchSize: stage.patchSize, batchSize: stage.batchSize,
                    loss: report.loss, seconds: seconds)))
    }

    private func endEpoch(
        _ replica: Replica, epoch: Int, stage: Stage, _ validation: OnlineValidation, _ scheduler: Scheduler
    ) throws {
        note("validation of epoch \(epoch)")
        let start = ContinuousClock.now
        let result = try validation.run(epoch: epoch)
        let seconds = state.progress.seconds + start.duration(to: .now) / .seconds(1)
        let record = state.progress.record(
            epoch: epoch, stage: stage,
            learningRate: LearningRate.polynomial(epoch: epoch, epochs: configuration.epochs),
            validation: result, ema: state.ema, seconds: seconds)
        state.progress = EpochProgress()
        state.records.append(record)
        state.ema = record.emaPseudoDice.isNaN ? nil : record.emaPseudoDice
        let isBest = state.ema.map { $0 > state.bestEma ?? -.infinity } ?? false
        // The record first: a run killed in between repeats the epoch's end rather than losing its record.
        observer?.receive(.epochEnded(record, isBest: isBest))
        if isBest {
            state.bestEma = state.ema
            try save(replica, .best, reason: "best pseudo Dice", scheduler)
        }
    }

    private func save(_ replica: Replica, _ name: CheckpointName, reason: String, _ scheduler: Scheduler) throws {
        note("checkpoint at iteration \(state.iteration)")
        let path = name.path(in: setup.folder)
        let next = min(state.iteration, setup.schedule.iterationCount - 1)
        let content = state.content(replica, stage: replica.stage(atIteration: next).index, threads: Threads.count)
        try Checkpoint.save(content, to: path, communicator, writer: configuration.checkpointWriter)
        scheduler.noteSave()
        observer?.receive(.checkpointSaved(path: path, reason: reason))
    }

    // MARK: - The final validation

    private func validate(_ replica: Replica) throws {
        guard !setup.split.validation.isEmpty else {
            observer?.receive(.note("the fold has no validation cases"))
            return
        }
        let validation = FoldValidation(
            store: setup.store, description: setup.description, referenceFolder: setup.referenceFolder,
            folder: setup.folder + "/validation")
        let predictor = try communicator.agreeing {
            let session = try replica.makeInferenceSession()
            return Predictor(
                network: SessionNetwork(session: session, members: [replica.weights]), plans: setup.plans,
                configuration: setup.plan, labelManager: setup.description.labelManager,
                settings: PredictionSettings(
                    mirrorAxes: configuration.mirrorAxes, keepsProbabilities: configuration.npz))
        }
        let total = setup.split.validation.count
        let failures = try communicator.agreeing {
            try validation.predict(
                setup.split.validation, with: predictor, rank: communicator.rank, size: communicator.size
            ) { [note, observer, communicator] progress in
                note("validation of \(progress.identifier)")
                if progress.patchesDone == progress.patchCount {
                    let done = min(total, (progress.caseIndex + 1) * communicator.size)
                    observer?.receive(.caseValidated(done: done, total: total, identifier: progress.identifier))
                }
            }
        }
        let all = try communicator.allGather(failures.map { "\($0.identifier): \($0.reason)" }.joined(separator: "\n"))
        let problems = all.filter { !$0.isEmpty }
        guard problems.isEmpty else { throw TrainingError.validationFailed(problems) }
        note("scores of the validation")
        if let summary = try communicator.agreeingOnRoot({ try validation.score() }) {
            observer?.receive(.validated(summary, folder: validation.folder))
        }
    }
}
