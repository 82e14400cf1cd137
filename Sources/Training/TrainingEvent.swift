import Curriculum
import Documents
import Evaluation

/// What a run tells whoever shows or records it. Emitted on the rank that leads a fold, on its main thread, in order.
public enum TrainingEvent: Sendable {
    /// The run is about to start or to continue.
    case started(RunDescription)
    /// Something the user should know.
    case note(String)
    /// Something the user should look at.
    case warning(String)
    /// The curriculum enters a stage.
    case stageStarted(Stage, stageCount: Int)
    case epochStarted(epoch: Int, learningRate: Double)
    case iterationEnded(IterationRecord)
    case epochEnded(EpochRecord, isBest: Bool)
    case checkpointSaved(path: String, reason: String)
    /// The final validation has predicted a case.
    case caseValidated(done: Int, total: Int, identifier: String)
    case validated(EvaluationSummary, folder: String)
    /// The fold is done; SHA-256 of its weights.
    case finished(weightsSHA256: String)
}

/// Takes the events of one fold's run.
public protocol TrainingObserver: AnyObject {
    func receive(_ event: TrainingEvent)
}

/// What stands at the head of a log.
public struct RunDescription: Sendable {
    /// The folder of the fold.
    public var folder: String
    public var dataset: String
    public var configuration: String
    public var plansName: String
    public var scheme: Scheme
    public var fold: String
    public var schedule: Schedule
    /// The plan's patch and batch.
    public var patchSize: [Int]
    public var batchSize: Int
    public var trainingCaseCount: Int
    public var validationCaseCount: Int
    public var parameterCount: Int
    public var rankCount: Int
    public var threadsPerRank: Int
    /// Library, instruction set, precision: "oneDNN 2.6.3, AVX-512, fp32".
    public var engine: String
    public var seed: UInt64
    /// Iterations that were done before: 0 for a new run.
    public var firstIteration: Int
    /// The resolved configuration, as `run.yaml` has it.
    public var resolvedConfiguration: String

    public init(
        folder: String, dataset: String, configuration: String, plansName: String, scheme: Scheme, fold: String,
        schedule: Schedule, patchSize: [Int], batchSize: Int, trainingCaseCount: Int, validationCaseCount: Int,
        parameterCount: Int, rankCount: Int, threadsPerRank: Int, engine: String, seed: UInt64, firstIteration: Int,
        resolvedConfiguration: String
    ) {
        self.folder = folder
        self.dataset = dataset
        self.configuration = configuration
        self.plansName = plansName
        self.scheme = scheme
        self.fold = fold
        self.schedule = schedule
        self.patchSize = patchSize
        self.batchSize = batchSize
        self.trainingCaseCount = trainingCaseCount
        self.validationCaseCount = validationCaseCount
        self.parameterCount = parameterCount
        self.rankCount = rankCount
        self.threadsPerRank = threadsPerRank
        self.engine = engine
        self.seed = seed
        self.firstIteration = firstIteration
        self.resolvedConfiguration = resolvedConfiguration
    }
}

/// One optimizer step.
public struct IterationRecord: Sendable, Equatable {
    /// From 0 over the whole run.
    public var iteration: Int
    /// Iterations of the whole run.
    public var iterationCount: Int
    public var epoch: Int
    public var iterationInEpoch: Int
    public var iterationsPerEpoch: Int
    public var stageIndex: Int
    public var stageCount: Int
    public var patchSize: [Int]
    public var batchSize: Int
    public var loss: Double
    /// Wall time of the iteration.
    public var seconds: Double

    public init(
        iteration: Int, iterationCount: Int, epoch: Int, iterationInEpoch: Int, iterationsPerEpoch: Int,
        stageIndex: Int, stageCount: Int, patchSize: [Int], batchSize: Int, loss: Double, seconds: Double
    ) {
        self.iteration = iteration
        self.iterationCount = iterationCount
        self.epoch = epoch
        self.iterationInEpoch = iterationInEpoch
        self.iterationsPerEpoch = iterationsPerEpoch
        self.stageIndex = stageIndex
        self.stageCount = stageCount
        self.patchSize = patchSize
        self.batchSize = batchSize
        self.loss = loss
        self.seconds = seconds
    }
}
