import ArgumentParser
import Datasets
import Prediction

/// `pgps find-best-configuration`: the model, or pair of models, with the best cross-validation.
struct FindBestConfigurationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find-best-configuration",
        abstract: "Finds the best trained model or pair of models of a dataset, and the postprocessing that suits it.",
        discussion: """
            All combinations of -tr, -c and -p compete whose folds are trained and validated; pairs need validations with \
            --npz. A configuration that the plans do not have is left out; one that is planned must be trained. Writes \
            inference_information.json and inference_instructions.txt, with the commands to run, into the dataset's folder \
            of results.

            Example:
              pgps find-best-configuration 4 -c 3d_fullres -tr cps pgps-efficiency pgps-performance
            """)

    @Argument(help: ArgumentHelp("Number or full name of the dataset.", valueName: "dataset"))
    var dataset: String

    @Option(
        name: .customShort("p"), parsing: .upToNextOption,
        help: ArgumentHelp("Names of plans (default: nnUNetPlans).", valueName: "plans"))
    var plans: [String] = []

    @Option(
        name: .customShort("c"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Configurations (default: 2d 3d_fullres 3d_lowres 3d_cascade_fullres).", valueName: "configurations"))
    var configurations: [String] = []

    @Option(
        name: .customLong("tr", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Schemes, or nnU-Net's trainers (default: nnUNetTrainer, which is cps).", valueName: "schemes"))
    var trainers: [String] = []

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp("Folds (default: 0 1 2 3 4).", valueName: "folds"))
    var folds: [String] = []

    @Flag(name: .customLong("disable_ensembling"), help: "Compare single models only.")
    var disablesEnsembling = false

    @Flag(name: .customLong("no_overwrite"), help: "Take complete results from before as they are.")
    var keepsComplete = false

    @OptionGroup var limits: CaseLimitOptions
    @OptionGroup var roots: WorkspaceOptions

    func validate() throws { _ = try trainerNames() }

    private func trainerNames() throws -> [String] {
        let words = ListOption.words(trainers)
        return try words.isEmpty
            ? [ModelFolder.nnUNetTrainer]
            : words.map { word in
                do { return try TrainerArgument.parse(word) } catch let error as ValidationError {
                    throw ValidationError("-tr: \"\(word)\": \(error.message)")
                }
            }
    }

    func run() throws {
        let folds = try ListOption.folds(folds)
        let workspace = roots.workspace
        let name = try DatasetName.resolve(dataset, in: workspace)
        let (configurations, plans) = (ListOption.words(configurations), ListOption.words(plans))
        let display = ProgressDisplay()
        defer { display.end() }
        let (candidates, unplanned) = try ModelCandidate.all(
            of: name, trainers: trainerNames(),
            configurations: configurations.isEmpty
                ? ["2d", "3d_fullres", "3d_lowres", "3d_cascade_fullres"] : configurations,
            plans: plans.isEmpty ? ["nnUNetPlans"] : plans, in: workspace)
        for note in unplanned { display.line("note: \(note)") }
        var selection = ConfigurationSelection(
            dataset: name, candidates: candidates, folds: folds, in: workspace)
        selection.comparesPairs = !disablesEnsembling
        selection.keepsComplete = keepsComplete
        selection.caseLimit = limits.caseLimit
        let outcome = try selection.run { title, done, total in
            display.update(title, completed: done, total: total, detail: "")
        }
        let description = try DatasetDescription(contentsOf: outcome.best.folder + "/dataset.json")
        for result in outcome.results {
            let dice = result.dice.isNaN ? "NaN   " : String(format: "%.4f", result.dice)
            display.line(
                "Dice  \(dice)  \(result.identifier)\(result.identifier == outcome.best.identifier ? "  ← best" : "")")
        }
        for line in PostprocessingReport.lines(of: outcome.postprocessing, description: description) {
            display.line(line)
        }
        let instructions = InferenceInstructions(outcome, of: selection)
        let folder = try workspace.resultsFolder(of: name)
        try instructions.write(to: folder)
        display.line("\n" + (try instructions.text()))
        display.line("Instructions: \(folder)/inference_instructions.txt")
    }
}
