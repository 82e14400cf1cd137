import ArgumentParser
import Datasets
import Documents
import Evaluation
import Prediction

/// `pgps accumulate-crossval-results`: the folds' validation predictions in one folder, scored as one set.
struct AccumulateCrossvalResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accumulate-crossval-results",
        abstract: "Brings the validation predictions of several folds together and scores them as one set.",
        discussion: """
            The result lies beside the folds, in crossval_results_folds_0_1_2_3_4, and replaces one from before; another \
            folder given with -o must be empty.

            Example:
              pgps accumulate-crossval-results 4 -c 3d_fullres -tr pgps-efficiency
              pgps accumulate-crossval-results 4 -c 3d_fullres -tr cps -f 0 1 -o folder
            """)

    @Argument(help: ArgumentHelp("Number or full name of the dataset.", valueName: "dataset"))
    var dataset: String

    @Option(name: .customShort("c"), help: ArgumentHelp("Configuration.", valueName: "configuration"))
    var configuration: String

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Folder for the result (default: in the model's folder).", valueName: "folder"))
    var output: String?

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp("Folds (default: 0 1 2 3 4).", valueName: "folds"))
    var folds: [String] = []

    @Option(name: .customShort("p"), help: ArgumentHelp("Name of the plans.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @Option(
        name: .customLong("tr", withSingleDash: true),
        help: ArgumentHelp("Scheme, or nnU-Net's trainer (nnUNetTrainer is cps).", valueName: "scheme"),
        transform: TrainerArgument.parse)
    var trainer = ModelFolder.nnUNetTrainer

    @OptionGroup var limits: CaseLimitOptions
    @OptionGroup var roots: WorkspaceOptions

    func run() throws {
        let folds = try ListOption.folds(folds).map(\.description)
        let workspace = roots.workspace
        let name = try DatasetName.resolve(dataset, in: workspace)
        let candidates = try ModelCandidate.all(
            of: name, trainers: [trainer], configurations: [configuration], plans: [plans], in: workspace)
        let model = candidates.candidates[0]
        if let output, try FileAccess.isFolder(output) && !FileAccess.list(output).isEmpty {
            throw ValidationError("-o is \(output), which is not empty; name an empty or a new folder")
        }
        let display = ProgressDisplay()
        defer { display.end() }
        let description = try DatasetDescription(contentsOf: model.folder + "/dataset.json")
        let summary = try CrossValidation.accumulate(
            modelFolder: model.folder, folds: folds,
            referenceFolder: CrossValidation.referenceFolder(of: name, in: workspace),
            comparison: FolderComparison(description: description, caseLimit: limits.caseLimit), outputFolder: output
        ) { done, total in display.update("Comparing", completed: done, total: total, detail: "") }
        for line in SummaryReport.lines(of: summary, description: description) { display.line(line) }
        display.line("Results: \(output ?? "\(model.folder)/\(CrossValidation.folderName(folds: folds))")")
    }
}
