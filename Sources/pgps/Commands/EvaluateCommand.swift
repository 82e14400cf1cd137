import ArgumentParser
import Datasets
import Documents
import Evaluation
import Foundation
import Threads

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

    @Argument(help: ArgumentHelp("Folder of the true label maps.", valueName: "truth"))
    var referenceFolder: String

    @Argument(help: ArgumentHelp("Folder of the predictions.", valueName: "predictions"))
    var predictionFolder: String

    @Option(
        name: .customLong("djfile", withSingleDash: true),
        help: ArgumentHelp("The dataset.json that declares the labels.", valueName: "file"))
    var datasetFile: String

    @Option(
        name: .customLong("pfile", withSingleDash: true),
        help: ArgumentHelp("The plans.json; nothing in it changes the scores.", valueName: "file"))
    var plansFile: String?

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp(
            "Where to write the scores (default: summary.json among the predictions).", valueName: "file"))
    var output: String?

    @Option(
        name: .customLong("np", withSingleDash: true),
        help: ArgumentHelp("Cases compared at a time (default: one per core).", valueName: "n"))
    var caseLimit: Int?

    @Flag(help: "Score what is there when predictions are missing.")
    var chill = false

    func validate() throws {
        if let caseLimit, caseLimit < 1 { throw ValidationError("-np is \(caseLimit); it must be at least 1") }
        if let output, !output.hasSuffix(".json") {
            throw ValidationError("-o is \(output); its name must end in .json")
        }
    }

    func run() throws {
        let description = try DatasetDescription(contentsOf: datasetFile)
        if let plansFile { _ = try Plans(contentsOf: plansFile) }
        let display = ProgressDisplay()
        defer { display.end() }
        let comparison = FolderComparison(
            description: description, allowsMissingPredictions: chill, caseLimit: caseLimit)
        let summary = try comparison.run(
            referenceFolder: referenceFolder, predictionFolder: predictionFolder
        ) { done, total in display.update("Comparing", completed: done, total: total, detail: "") }
        let path = output ?? (predictionFolder as NSString).appendingPathComponent("summary.json")
        try summary.write(to: path)
        for line in SummaryReport.lines(of: summary, description: description) { display.line(line) }
        display.line("Scores: \(path)")
    }
}

/// A summary as lines for people.
enum SummaryReport {
    /// One line per class or region with its name and mean Dice, and one with their mean.
    static func lines(of summary: EvaluationSummary, description: DatasetDescription) -> [String] {
        let names = summary.targets.map { target in
            description.labels.first { $0.name != "ignore" && $0.values == target.labels }?.name ?? target.key
        }
        let rows = Array(zip(names, summary.meanDicePerTarget)) + [("mean", summary.foregroundMeanDice)]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, dice in
            "Dice  " + name.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
                + (dice.isNaN ? "NaN (in no case)" : String(format: "%.4f", dice))
        }
    }
}
