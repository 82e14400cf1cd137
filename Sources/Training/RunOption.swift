/// What a run can be told, under the names that options, configuration files and `run.yaml` share.
public enum RunOption: String, CaseIterable, Sendable {
    case dataset
    case configuration
    case fold
    case scheme
    case plans
    case epochs
    case iterationsPerEpoch = "iterations-per-epoch"
    case validationIterations = "validation-iterations"
    case seed
    case threads
    case batchConstruction = "batch-construction"
    case mirrorAxes = "mirror-axes"
    case saveEvery = "save-every"
    case npz
    case engine
    case precision
    case checkpointWriter = "checkpoint-writer"
    case pretrainedWeights = "pretrained-weights"

    /// Finds an option by its name; between words `-` and `_` are the same.
    public init?(name: String) {
        self.init(rawValue: String(name.map { $0 == "_" ? "-" : $0 }))
    }

    /// How the option is given on the command line of `pgps train`.
    public var commandLineName: String {
        switch self {
        case .dataset: "the dataset argument"
        case .configuration: "the configuration argument"
        case .fold: "the fold argument"
        case .scheme: "-tr"
        case .plans: "-p"
        case .epochs, .iterationsPerEpoch, .validationIterations, .seed, .threads, .batchConstruction, .mirrorAxes,
            .saveEvery, .npz, .engine, .precision, .checkpointWriter:
            "--" + rawValue
        case .pretrainedWeights: "-pretrained_weights"
        }
    }

    /// What `pgps train` understands on the command line only: what one start does, and where folders lie.
    static let commandLineOnlyNames = ["c", "val", "overwrite", "config", "raw", "preprocessed", "results"]
}
