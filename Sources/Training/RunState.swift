import Checkpoints
import Documents
import Networks
import Tensors

/// What a run knows beside weights and momentum, as checkpoints keep it.
struct RunState {
    /// Finished iterations.
    var iteration = 0
    var ema: Double?
    var bestEma: Double?
    var records: [EpochRecord] = []
    var progress = EpochProgress()

    /// Attributes of a checkpoint of this state.
    func attributes(_ setup: FoldSetup, stage: Int, threads: Int) -> CheckpointAttributes {
        let configuration = setup.configuration
        var others = Self.identity(setup)
        others["engine"] = .string(configuration.engineDescription)
        others["fold"] = .string(setup.fold.description)
        others["validationIterations"] = .integer(configuration.validationIterations)
        others["emaPseudoDice"] = ema.map { .real($0) } ?? .null
        others["bestEmaPseudoDice"] = bestEma.map { .real($0) } ?? .null
        others["epochProgress"] = progress.json
        return CheckpointAttributes(
            scheme: configuration.scheme.rawValue, stage: stage, epoch: iteration / configuration.iterationsPerEpoch,
            iteration: iteration, seed: configuration.seed, threads: threads, plansName: setup.plans.name,
            plansHash: Self.hash(setup.plans.json), datasetHash: setup.store.signature, others: others)
    }

    /// What must be the same in a run that continues, beside what ``CheckpointAttributes/differences(from:)`` compares.
    private static func identity(_ setup: FoldSetup) -> JSONObject {
        let configuration = setup.configuration
        let construction = configuration.batchConstruction ?? configuration.scheme.defaultConstruction
        return [
            "configuration": .string(setup.plan.name), "epochs": .integer(configuration.epochs),
            "iterationsPerEpoch": .integer(configuration.iterationsPerEpoch),
            "batchConstruction": .string(construction.rawValue), "mirrorAxes": .integers(configuration.mirrorAxes),
            "split": .string(hash(["train": .strings(setup.split.train), "val": .strings(setup.split.validation)])),
        ]
    }

    private static func hash(_ json: JSONValue) -> String {
        SHA256.digest(of: Array(json.text(sortedKeys: true).utf8))
    }

    /// Takes over the state of a checkpoint.
    ///
    /// - Throws: ``TrainingError/otherRun(path:differences:)``.
    init(_ found: FoundCheckpoint, setup: FoldSetup) throws(TrainingError) {
        let stored = found.content.attributes
        let own = RunState().attributes(setup, stage: stored.stage, threads: stored.threads)
        var differences = stored.differences(from: own)
        for (key, value) in Self.identity(setup).members where stored.others[key] != value {
            let other = stored.others[key]?.text() ?? "nothing"
            differences.append("\(key): \(other) in the checkpoint, \(value.text()) in this run")
        }
        guard differences.isEmpty else { throw .otherRun(path: found.path, differences: differences) }
        iteration = stored.iteration
        ema = stored.others["emaPseudoDice"]?.number
        bestEma = stored.others["bestEmaPseudoDice"]?.number
        progress = EpochProgress(json: stored.others["epochProgress"])
        records = (found.content.metrics.array ?? []).compactMap { EpochRecord(json: $0) }
    }

    init() {}

    func content(_ replica: Replica, stage: Int, threads: Int) -> CheckpointContent {
        CheckpointContent(
            layout: replica.setup.architecture.parameterLayout, weights: replica.weights,
            momentum: replica.optimizer.momentumBuffer,
            attributes: attributes(replica.setup, stage: stage, threads: threads), metrics: .array(records.map(\.json)))
    }
}
