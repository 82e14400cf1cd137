import ArgumentParser
import Datasets
import Documents
import Prediction

/// `pgps export-model-to-zip`: trained models as an archive to share.
struct ExportModelToZipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-model-to-zip",
        abstract: "Packs trained models into a zip archive, as nnU-Net does.",
        discussion: """
            The archive holds DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION/ with documents, checkpoints and scores. With \
            --format nnunet the checkpoints are nnU-Net's, under the trainer's name nnUNetTrainer, and \
            nnUNetv2_install_pretrained_model_from_zip takes the archive.

            Example:
              pgps export-model-to-zip -d 4 -o hippocampus.zip -c 3d_fullres -tr pgps-performance -f 0
            """)

    @Option(name: .customShort("o"), help: ArgumentHelp("The archive.", valueName: "file"))
    var output: String

    @Option(
        name: .customShort("c"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Configurations (default: \(Self.allConfigurations.joined(separator: " "))).",
            valueName: "configurations"))
    var configurations: [String] = []

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp("Folds (default: 0 1 2 3 4).", valueName: "folds"))
    var folds: [String] = []

    @Option(
        name: .customLong("chk", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp("The checkpoints: final, best, or file names (default: final).", valueName: "names"))
    var checkpoints: [String] = []

    @Option(help: ArgumentHelp("What checkpoints are packed as: pgps or nnunet.", valueName: "format"))
    var format = ModelPack.Format.pgps

    @Flag(name: .customLong("not_strict"), help: "Leave out configurations and folds that are not there.")
    var isNotStrict = false

    @Flag(name: .customLong("exp_cv_preds"), help: "Also pack the label maps of the validations.")
    var packsPredictions = false

    @Flag(help: "Replace an archive that is there.")
    var overwrite = false

    @OptionGroup var model: ModelOptions

    private static let allConfigurations = ["3d_lowres", "3d_fullres", "2d", "3d_cascade_fullres"]

    func run() throws {
        guard overwrite || !FileAccess.exists(output) else { throw ExchangeError.exists([output]) }
        let names = configurations.isEmpty ? Self.allConfigurations : ListOption.words(configurations)
        let checkpoints = checkpoints.isEmpty ? ["final"] : ListOption.words(checkpoints)
        var selection = ModelPack.Selection(
            folds: try ListOption.folds(folds), checkpoints: checkpoints.map(ModelFolder.checkpointFile))
        selection.isStrict = !isNotStrict
        selection.withPredictions = packsPredictions
        selection.format = format
        let pack = try ModelPack(names.map { try model.folder(configuration: $0) }, selection)
        try pack.write(to: output, dataset: DatasetName.resolve(model.dataset, in: model.roots.workspace))
        print("\(output): \(pack.count) model\(pack.count == 1 ? "" : "s")")
    }
}

extension ModelPack.Format: ExpressibleByArgument {}
