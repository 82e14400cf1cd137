import ArgumentParser
import Datasets
import Foundation
import Prediction

/// `pgps import`: a model that was trained elsewhere becomes a trained model here.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Makes a model of nnU-Net a trained model here.",
        discussion: """
            Takes a model folder of nnU-Net, a single .pth of its trainer, or a .safetensors with nnU-Net's names, and \
            writes it among the results, where pgps predict -tr nnUNetTrainer finds it. Every parameter of the network \
            must be there in its shape. Nothing in a file is executed.

            Example:
              pgps import nnUNet_results/Dataset004_Hippocampus/nnUNetTrainer__nnUNetPlans__3d_fullres
              pgps import checkpoint_final.pth -d 4 -f 0
              pgps import weights.safetensors --plans plans.json --dataset-json dataset.json -c 3d_fullres -f 0
            """)

    @Argument(help: ArgumentHelp("A model folder, a .pth or a .safetensors.", valueName: "model"))
    var source: String

    @Option(
        name: .customShort("d"),
        help: ArgumentHelp(
            "Number or full name of the dataset here (default: the one of the plans).", valueName: "dataset"))
    var dataset: String?

    @Option(
        name: .customShort("c"),
        help: ArgumentHelp("Configuration (default: what the file says).", valueName: "configuration"))
    var configuration: String?

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Folds of a folder (default: all), or the fold that a file becomes (default: what it says).",
            valueName: "folds"))
    var folds: [String] = []

    @Option(
        name: .customLong("tr", withSingleDash: true),
        help: ArgumentHelp(
            "Name of the trainer here (default: what the file says, or nnUNetTrainer).", valueName: "trainer"),
        transform: TrainerArgument.parse)
    var trainer: String?

    @Option(
        name: .customLong("chk", withSingleDash: true),
        help: ArgumentHelp("The checkpoints of a folder: final, best, or a file name.", valueName: "name"))
    var checkpoint = ModelFolder.defaultCheckpoint

    @Option(help: ArgumentHelp("The plans, where the file has none.", valueName: "file"))
    var plans: String?

    @Option(help: ArgumentHelp("The dataset.json, where the file has none.", valueName: "file"))
    var datasetJson: String?

    @Flag(help: "Replace checkpoints that are there.")
    var overwrite = false

    @OptionGroup var roots: WorkspaceOptions

    func run() throws {
        var options = ModelImport.Options()
        options.dataset = dataset
        options.configuration = configuration
        options.folds = try ListOption.words(folds).map { try FoldName(parsing: $0) }
        options.trainer = trainer
        options.checkpoint = (ModelFolder.checkpointFile(checkpoint) as NSString).deletingPathExtension
        options.plans = plans
        options.datasetDescription = datasetJson
        let model = try ModelImport(source, options, workspace: roots.workspace)
        // What the file calls itself must be a name under which predict finds it.
        _ = try TrainerArgument.parse(model.trainer)
        let paths = try model.write(in: roots.workspace, overwrites: overwrite)
        for path in paths { print(path) }
        print(
            "use it with -d \(model.dataset.id) -c \(model.configuration.name) -tr \(model.trainer) -f "
                + model.folds.map(\.description).joined(separator: " "))
    }
}
