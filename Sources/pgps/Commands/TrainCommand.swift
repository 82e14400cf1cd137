import ArgumentParser
import Cluster
import Datasets
import Documents
import Foundation
import Reporting
import Training

/// `pgps train`: trains one or several folds, alone or under mpirun.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a network on the preprocessed cases of a dataset.",
        discussion: """
            Under mpirun the ranks share every batch, and any number of them gives the same bits. Several folds train side \
            by side, each with its own group of ranks. SIGUSR1 saves a checkpoint; SIGUSR2 saves one and ends the run \
            with exit code 75; --c continues with the options of the run.

            Example:
              mpirun -n 2 pgps train 4 3d_fullres 0 -tr pgps-performance
              mpirun -n 10 pgps train 4 3d_fullres all-folds -tr pgps-efficiency --npz
              pgps train --config Configs/quickstart.yaml
            """)

    @Argument(
        help: ArgumentHelp(
            "Dataset (number or full name), configuration, and fold or folds.", valueName: "dataset configuration fold")
    )
    var positional: [String] = []

    @Option(
        name: .customLong("tr", withSingleDash: true),
        help: ArgumentHelp("Scheme of the curriculum; see pgps schedule.", valueName: "scheme"))
    var scheme: String?

    @Option(
        name: .customShort("p"), help: ArgumentHelp("Name of the plans (default: nnUNetPlans).", valueName: "plans"))
    var plans: String?

    @Option(help: ArgumentHelp("YAML file of options; the command line wins.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Epochs (default: 1000).", valueName: "n"))
    var epochs: String?

    @Option(help: ArgumentHelp("Optimizer steps per epoch (default: 250).", valueName: "n"))
    var iterationsPerEpoch: String?

    @Option(help: ArgumentHelp("Validation batches per epoch (default: 50).", valueName: "n"))
    var validationIterations: String?

    @Option(help: ArgumentHelp("Seed of weights, batches and augmentation (default: 1).", valueName: "n"))
    var seed: String?

    @Option(
        help: ArgumentHelp(
            "split-crop, single-crop, multi-crop or single-volume (default: the scheme's).", valueName: "construction"))
    var batchConstruction: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Axes mirrored in training and at inference: none, or some of 0 1 2 (default: 0 1 2).", valueName: "axes"))
    var mirrorAxes: [String] = []

    @Option(help: ArgumentHelp("Time between checkpoints: 90s, 10m, 2h (default: 10m).", valueName: "time"))
    var saveEvery: String?

    @Option(help: ArgumentHelp("onednn or openblas (default: onednn).", valueName: "engine"))
    var engine: String?

    @Option(
        help: ArgumentHelp(
            "auto, fp32 or bf16 (default: auto, bf16 where the CPU multiplies it in hardware).", valueName: "precision")
    )
    var precision: String?

    @Option(help: ArgumentHelp("Who writes checkpoints: parallel or root (default: parallel).", valueName: "writer"))
    var checkpointWriter: String?

    @Option(
        name: .customLong("pretrained_weights", withSingleDash: true),
        help: ArgumentHelp(
            "Start from the weights of a .pth, .safetensors or .h5, all but the segmentation heads.", valueName: "file")
    )
    var pretrainedWeights: String?

    @Flag(help: "Keep the probabilities of the fold's validation, as .npz.")
    var npz = false

    @Flag(name: .customLong("c"), help: "Continue from the newest checkpoint.")
    var continues = false

    @Flag(help: "Only validate the finished run.")
    var val = false

    @Flag(help: "Start anew where a run already lies.")
    var overwrite = false

    @OptionGroup var threadOptions: ThreadOptions
    @OptionGroup var roots: WorkspaceOptions

    func run() throws {
        try ClusterScope.run { runtime in
            var reporters: [RunReporter] = []
            do {
                try train(on: runtime, reporters: &reporters)
            } catch let error as ExitCode {
                throw error
            } catch {
                reporters.forEach { $0.fail("\(error)") }
                // These reach all ranks together; any other error is this rank's alone.
                if error is AgreedError || error is TrainingError { throw error }
                runtime.world.abort("\(error)")
            }
        }
    }

    private func train(on runtime: ClusterRuntime, reporters: inout [RunReporter]) throws {
        let world = runtime.world
        let workspace = roots.workspace
        let mode: RunMode = val ? .validate : continues ? .resume : .start(overwrites: overwrite)
        let (said, folds) = try world.agreeing {
            if mode.continues, pretrainedWeights != nil { throw TrainingError.pretrainedAndContinued }
            var configuration = try RunConfiguration.resolve(file: config, overrides: overrides())
            let selection = try configuration.folds
            let count = selection == .allFolds ? try FoldSetup.foldCount(configuration, workspace: workspace) : 0
            let folds = selection.names(splitCount: count)
            if mode.continues, config == nil, let record = try record(of: folds, configuration, workspace) {
                configuration = try RunConfiguration.resolve(file: record, overrides: overrides())
            }
            return (configuration, folds)
        }
        let configuration = try said.agreed(on: world)
        try ThreadOptions.apply(configuration.threads, on: runtime)
        let job = TrainingJob(configuration, workspace: workspace, folds: folds, mode: mode) { print("warning: \($0)") }
        let outcomes = try job.run(on: runtime) {
            let reporter = RunReporter(folder: $0.folder, foldLabel: $1, showsStageTable: reporters.isEmpty)
            reporters.append(reporter)
            return reporter
        }
        if outcomes.contains(where: \.wasStopped) { throw ExitCode(75) }
        if world.isRoot {
            for (fold, outcome) in zip(folds, outcomes) {
                print((folds.count > 1 ? "fold \(fold) " : "") + "weightsSHA256: \(outcome.weightsSHA256)")
            }
            fflush(nil)
        }
    }

    /// `run.yaml` of the run that goes on, so that its options need not be repeated; what the command line says still
    /// wins, and is checked against the checkpoint.
    private func record(
        of folds: [FoldName], _ configuration: RunConfiguration, _ workspace: Workspace
    ) throws -> String? {
        let dataset = try DatasetName.resolve(configuration.dataset, in: workspace)
        let model = try workspace.modelFolder(
            of: dataset, trainer: configuration.scheme.rawValue, plans: configuration.plans,
            configuration: configuration.configuration)
        return folds.map { "\(model)/\($0.folderName)/run.yaml" }.first(where: FileAccess.exists)
    }

    /// What the command line says.
    private func overrides() throws -> RunOverrides {
        var said = RunOverrides()
        func set(_ option: RunOption, _ text: String?) throws {
            if let text { try said.set(option, to: [text]) }
        }
        try set(.dataset, positional.first)
        try set(.configuration, positional.dropFirst().first)
        if positional.count > 2 { try said.set(.fold, to: Array(positional.dropFirst(2))) }
        try set(.scheme, scheme)
        try set(.plans, plans)
        try set(.epochs, epochs)
        try set(.iterationsPerEpoch, iterationsPerEpoch)
        try set(.validationIterations, validationIterations)
        try set(.seed, seed)
        try set(.threads, threadOptions.threads.map(String.init))
        try set(.batchConstruction, batchConstruction)
        if !mirrorAxes.isEmpty { try said.set(.mirrorAxes, to: mirrorAxes) }
        try set(.saveEvery, saveEvery)
        try set(.engine, engine)
        try set(.precision, precision)
        try set(.checkpointWriter, checkpointWriter)
        try set(.pretrainedWeights, pretrainedWeights)
        if npz { said.npz = true }
        return said
    }
}
