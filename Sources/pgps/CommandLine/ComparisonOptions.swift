import ArgumentParser
import Datasets
import Evaluation
import Foundation

/// Which folders a command compares, and where the scores go.
struct ComparisonOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Folder of the true label maps.", valueName: "truth"))
    var referenceFolder: String

    @Argument(help: ArgumentHelp("Folder of the predictions.", valueName: "predictions"))
    var predictionFolder: String

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp(
            "Where to write the scores (default: summary.json among the predictions).", valueName: "file"))
    var output: String?

    @Flag(help: "Score what is there when predictions are missing.")
    var chill = false

    @OptionGroup var limits: CaseLimitOptions

    func validate() throws {
        if let output, !output.hasSuffix(".json") {
            throw ValidationError("-o is \(output); its name must end in .json")
        }
    }

    /// Compares, writes the scores and shows them.
    ///
    /// - Parameter description: where the names of labels come from; without it they are shown as numbers.
    func run(_ comparison: FolderComparison, description: DatasetDescription? = nil) throws {
        let display = ProgressDisplay()
        defer { display.end() }
        var comparison = comparison
        comparison.allowsMissingPredictions = chill
        comparison.caseLimit = limits.caseLimit
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
    ///
    /// - Parameter description: where the names come from; without it labels are shown as numbers.
    static func lines(of summary: EvaluationSummary, description: DatasetDescription? = nil) -> [String] {
        let names = summary.targets.map { target in
            description?.labels.first { $0.name != "ignore" && $0.values == target.labels }?.name ?? target.key
        }
        let rows = Array(zip(names, summary.meanDicePerTarget)) + [("mean", summary.foregroundMeanDice)]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, dice in
            "Dice  " + name.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
                + (dice.isNaN ? "NaN (in no case)" : String(format: "%.4f", dice))
        }
    }
}
