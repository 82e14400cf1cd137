import Checkpoints
import Curriculum
import Datasets
import Kernels

/// Everything that decides what a training run does, apart from the data: what the command line and a configuration
/// file say together, and what `run.yaml` in the folder of the fold records.
public struct RunConfiguration: Sendable, Equatable {
    /// Number or full name of the dataset.
    public var dataset: String
    public var configuration = "3d_fullres"
    /// As typed: `0`, `all`, `0,1,2,3,4` or `all-folds`; see ``folds``.
    public var fold: String
    public var scheme: Scheme
    public var plans = "nnUNetPlans"
    public var epochs = 1000
    public var iterationsPerEpoch = 250
    public var validationIterations = 50
    public var seed: UInt64 = 1
    /// Threads per rank; nil: what the environment and the affinity mask allow.
    public var threads: Int?
    /// nil: the scheme's default.
    public var batchConstruction: BatchConstruction?
    /// Axes that are mirrored in training and at inference, of 0 (D), 1 (H), 2 (W).
    public var mirrorAxes = [0, 1, 2]
    /// Seconds between checkpoints by the clock.
    public var saveEvery = 600.0
    /// Whether the fold's validation keeps probabilities.
    public var npz = false
    public var engine: Engine = .oneDNN
    public var precision: PrecisionChoice = .auto
    public var checkpointWriter: CheckpointWriter = .parallel
    /// A file whose weights, but for the segmentation heads, the run starts from.
    public var pretrainedWeights: String?

    public init(dataset: String, fold: String, scheme: Scheme) {
        self.dataset = dataset
        self.fold = fold
        self.scheme = scheme
    }

    /// The folds that ``fold`` names.
    ///
    /// - Throws: ``ConfigurationError/unsuitable(_:value:rule:_:)``; not where the configuration was resolved.
    public var folds: FoldSelection {
        get throws(ConfigurationError) {
            guard let folds = FoldSelection(parsing: fold) else {
                throw .unsuitable(.fold, value: fold, rule: FoldSelection.rule, .commandLine)
            }
            return folds
        }
    }

    /// Puts a run together: the file's values, replaced by what the command line says, and defaults for the rest.
    ///
    /// - Parameter file: path of a YAML file, whose keys are the names of ``RunOption``.
    /// - Throws: ``ConfigurationError`` when the file cannot be understood, or when nothing says the dataset, the fold
    ///   or the scheme.
    public static func resolve(
        file: String?, overrides: RunOverrides
    ) throws(ConfigurationError) -> RunConfiguration {
        var said = RunOverrides()
        if let file { said = try RunOverrides(contentsOf: file) }
        said = said.overridden(by: overrides)
        guard let dataset = said.dataset, let fold = said.fold, let scheme = said.scheme else {
            var missing: [RunOption] = []
            if said.dataset == nil { missing.append(.dataset) }
            if said.fold == nil { missing.append(.fold) }
            if said.scheme == nil { missing.append(.scheme) }
            throw .missing(missing, file: file)
        }
        var result = RunConfiguration(dataset: dataset, fold: fold, scheme: scheme)
        result.configuration = said.configuration ?? result.configuration
        result.plans = said.plans ?? result.plans
        result.epochs = said.epochs ?? result.epochs
        result.iterationsPerEpoch = said.iterationsPerEpoch ?? result.iterationsPerEpoch
        result.validationIterations = said.validationIterations ?? result.validationIterations
        result.seed = said.seed ?? result.seed
        result.threads = said.threads
        result.batchConstruction = said.batchConstruction
        result.mirrorAxes = said.mirrorAxes ?? result.mirrorAxes
        result.saveEvery = said.saveEvery ?? result.saveEvery
        result.npz = said.npz ?? result.npz
        result.engine = said.engine ?? result.engine
        result.precision = said.precision ?? result.precision
        result.checkpointWriter = said.checkpointWriter ?? result.checkpointWriter
        result.pretrainedWeights = said.pretrainedWeights
        return result
    }
}
