import ArgumentParser
import Datasets
import Prediction

/// `pgps ensemble`: the mean of several models' probabilities.
struct EnsembleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ensemble",
        abstract: "Averages the probabilities of several folders of predictions, case by case.",
        discussion: """
            The folders come from predict --save_probabilities, here or in nnU-Net, and hold the same cases. Labels \
            follow from the mean as they do in predict: the most probable class, or every region above one half. \
            dataset.json is that of the first folder, and so is where a case lies in space.

            Example:
              pgps ensemble -i predictions_1 predictions_2 -o predictions
            """)

    @Option(
        name: .customShort("i"), parsing: .upToNextOption,
        help: ArgumentHelp("Folders of predictions with probabilities.", valueName: "folders"))
    var inputs: [String]

    @Option(name: .customShort("o"), help: ArgumentHelp("Folder for the label maps.", valueName: "folder"))
    var output: String

    @Flag(name: .customLong("save_npz"), help: "Also write the mean probabilities, CASE.npz.")
    var savesProbabilities = false

    @OptionGroup var limits: CaseLimitOptions

    func run() throws {
        guard let first = inputs.first else { throw ValidationError("-i names no folder") }
        let cases = try EnsembleCase.matching(folders: inputs)
        let description = try DatasetDescription(contentsOf: first + "/dataset.json")
        let job = try EnsembleJob(
            cases: cases, description: description, outputFolder: output, keepsProbabilities: savesProbabilities)
        let display = ProgressDisplay()
        defer { display.end() }
        try job.run(limit: limits.caseLimit) { done, total in
            display.update("Averaging", completed: done, total: total, detail: "")
        }
        try job.copyDocuments(from: first)
        display.line("Predictions: \(output)")
    }
}
