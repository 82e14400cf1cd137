import ArgumentParser
import Datasets
import Prediction

/// `pgps apply-postprocessing`: what determine-postprocessing found, done to other predictions.
struct ApplyPostprocessingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply-postprocessing",
        abstract: "Does to a folder of label maps what determine-postprocessing found to help.",
        discussion: """
            The file is a postprocessing.json of pgps or of nnU-Net, which has one beside its postprocessing.pkl.

            Example:
              pgps apply-postprocessing -i predictions -o postprocessed -pp_pkl_file crossval_results/postprocessing.json
            """)

    @Option(name: .customShort("i"), help: ArgumentHelp("Folder of the label maps.", valueName: "folder"))
    var input: String

    @Option(name: .customShort("o"), help: ArgumentHelp("Folder for the results.", valueName: "folder"))
    var output: String

    @Option(
        name: [.customLong("pp_pkl_file", withSingleDash: true), .customLong("pp_file", withSingleDash: true)],
        help: ArgumentHelp("The postprocessing.json.", valueName: "file"))
    var file: String

    @OptionGroup var documents: DatasetFileOptions
    @OptionGroup var limits: CaseLimitOptions

    func run() throws {
        let postprocessing = try PostprocessingFile(contentsOf: file).postprocessing
        let job = try PostprocessingJob(
            postprocessing, inputFolder: input, outputFolder: output,
            fileEnding: documents.description(in: input).fileEnding)
        let display = ProgressDisplay()
        defer { display.end() }
        for step in postprocessing.steps {
            display.line(
                "keeping the largest component of labels \(step.labels.map(String.init).joined(separator: " "))")
        }
        if postprocessing.steps.isEmpty { display.line("nothing was found to help: label maps are copied") }
        try job.run(limit: limits.caseLimit) { done, total in
            display.update("Postprocessing", completed: done, total: total, detail: "")
        }
        display.line("Label maps: \(output)")
    }
}
