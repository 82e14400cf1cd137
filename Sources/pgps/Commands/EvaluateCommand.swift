import ArgumentParser
import Datasets
import Evaluation

/// `pgps evaluate`: scores a folder of predictions.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Scores a folder of predictions against label maps of the same names.",
        discussion: """
            Writes nnU-Net's summary.json: Dice, IoU and voxel counts per case and class or region, and their means. A \
            class that neither image of a case holds has no Dice there (NaN) and does not count in the mean.

            Example:
              pgps evaluate labelsTs predictions -djfile predictions/dataset.json
              pgps evaluate labelsTr predictions -djfile dataset.json -o scores.json --chill
            """,
        aliases: ["evaluate-folder", "evaluate_folder"])

    @OptionGroup var options: ComparisonOptions

    @Option(
        name: .customLong("djfile", withSingleDash: true),
        help: ArgumentHelp("The dataset.json that declares the labels.", valueName: "file"))
    var datasetFile: String

    @Option(
        name: .customLong("pfile", withSingleDash: true),
        help: ArgumentHelp("The plans.json; nothing in it changes the scores.", valueName: "file"))
    var plansFile: String?

    func run() throws {
        let description = try DatasetDescription(contentsOf: datasetFile)
        if let plansFile { _ = try Plans(contentsOf: plansFile) }
        try options.run(FolderComparison(description: description), description: description)
    }
}
