import ArgumentParser
import Datasets
import Prediction

/// `pgps determine-postprocessing`: whether keeping only the largest components improves predictions.
struct DeterminePostprocessingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "determine-postprocessing",
        abstract: "Finds out for which labels the predictions improve when only the largest component is kept.",
        discussion: """
            Takes the predictions of a whole cross-validation. All foreground labels together are tried first, then each \
            class or region by itself. Writes postprocessing.json among the predictions, and the postprocessed label maps \
            with their scores into the folder postprocessed there.

            Example:
              pgps determine-postprocessing -i crossval_results_folds_0_1_2_3_4 -ref labelsTr
            """)

    @Option(name: .customShort("i"), help: ArgumentHelp("Folder of the predictions.", valueName: "folder"))
    var input: String

    @Option(
        name: .customLong("ref", withSingleDash: true),
        help: ArgumentHelp("Folder of the true label maps.", valueName: "folder"))
    var reference: String

    @Flag(name: .customLong("remove_postprocessed"), help: "Do not keep the postprocessed label maps.")
    var removesPostprocessed = false

    @OptionGroup var documents: DatasetFileOptions
    @OptionGroup var limits: CaseLimitOptions

    func run() throws {
        let description = try documents.description(in: input)
        let search = PostprocessingSearch(
            description: description, predictionFolder: input, referenceFolder: reference, caseLimit: limits.caseLimit)
        let display = ProgressDisplay()
        defer { display.end() }
        let outcome = try search.run { done, total in
            display.update("Comparing", completed: done, total: total, detail: "")
        }
        for line in PostprocessingReport.lines(of: outcome, description: description) { display.line(line) }
        try search.write(outcome, keepsLabelMaps: !removesPostprocessed) { done, total in
            display.update("Writing", completed: done, total: total, detail: "")
        }
        display.line("Postprocessing: \(input)/\(PostprocessingFile.name)")
    }
}

/// What was tried, as lines for people.
enum PostprocessingReport {
    static func lines(of outcome: PostprocessingSearch.Outcome, description: DatasetDescription) -> [String] {
        outcome.trials.enumerated().map { index, trial in
            let name =
                index == 0
                ? "all foreground"
                : description.labels.first { $0.name != "ignore" && $0.values == trial.step.labels }?.name
                    ?? "\(trial.step.labels)"
            let dice = [trial.before, trial.after].map { $0.isNaN ? "NaN" : String(format: "%.4f", $0) }
            return "largest component of \(name): Dice \(dice[0]) → \(dice[1]), "
                + (trial.isAccepted ? "accepted" : "not accepted")
        }
    }
}
