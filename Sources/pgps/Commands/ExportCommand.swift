import ArgumentParser
import Datasets
import Prediction

/// `pgps export`: a trained model as files of other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a trained model as a folder for nnU-Net, or as safetensors.",
        discussion: """
            nnunet: plans.json, dataset.json and fold_X/checkpoint_final.pth, which nnUNetv2_predict_from_modelfolder \
            takes as they are; they hold the optimizer's momentum and the log too. safetensors: the weights alone, each \
            tensor once, under nnU-Net's names.

            Example:
              pgps export -d 4 -c 3d_fullres -tr pgps-performance --format nnunet model
              nnUNetv2_predict_from_modelfolder -i imagesTs -o predictions -m model -f 0 -device cpu
            """)

    @Argument(help: ArgumentHelp("Folder for the model.", valueName: "folder"))
    var output: String

    @Option(name: .customShort("c"), help: ArgumentHelp("Configuration.", valueName: "configuration"))
    var configuration: String

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp("Folds (default: all that are trained).", valueName: "folds"))
    var folds: [String] = []

    @Option(
        name: .customLong("chk", withSingleDash: true),
        help: ArgumentHelp("The checkpoints: final, best, or a file name.", valueName: "name"))
    var checkpoint = ModelFolder.defaultCheckpoint

    @Option(
        help: ArgumentHelp(
            "\(ModelExport.Format.allCases.map(\.rawValue).joined(separator: " or ")).", valueName: "format"))
    var format: ModelExport.Format

    @Flag(help: "Replace files that are there.")
    var overwrite = false

    @OptionGroup var model: ModelOptions

    func run() throws {
        let folds = try ListOption.words(self.folds).map { try FoldName(parsing: $0) }
        let export = try ModelExport(
            ModelFolder(path: model.folder(configuration: configuration)), folds: folds,
            checkpoint: ModelFolder.checkpointFile(checkpoint), format: format)
        for path in try export.write(to: output, overwrites: overwrite) { print(path) }
    }
}

extension ModelExport.Format: ExpressibleByArgument {}
