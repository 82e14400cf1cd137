import ArgumentParser
import Datasets
import Foundation

/// `pgps plan-and-preprocess`: from raw images to cases that are ready for training.
struct PlanAndPreprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan-and-preprocess",
        abstract: "Checks a raw dataset, plans its network, and preprocesses its cases.",
        discussion: """
            The integrity check always runs: a dataset with errors is refused with a list of all of them. What is up \
            to date is kept; --clean makes it anew.

            Example:
              pgps plan-and-preprocess -d 4 -c 3d_fullres
              pgps plan-and-preprocess -d 4 5 -c 3d_fullres -np 4 --verify-dataset-integrity
            """)

    @Option(
        name: .customShort("d"), parsing: .upToNextOption,
        help: ArgumentHelp("Numbers or full names of the datasets.", valueName: "datasets"))
    var datasets: [String]

    @Option(
        name: .customShort("c"), parsing: .upToNextOption,
        help: ArgumentHelp("Configurations to preprocess (default: 3d_fullres).", valueName: "configurations"))
    var configurations: [String] = []

    @Option(
        name: .customLong("np", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Cases preprocessed at a time, which bounds the memory (default: one per core).", valueName: "n"))
    var preprocessingLimits: [String] = []

    @Option(
        name: .customLong("npfp", withSingleDash: true),
        help: ArgumentHelp("Cases checked at a time (default: one per core).", valueName: "n"))
    var checkLimit: Int?

    @Flag(help: "Print the report of the integrity check.")
    var verifyDatasetIntegrity = false

    @Flag(help: "Make fingerprint and preprocessed cases anew even if they are up to date.")
    var clean = false

    @Flag(name: .customLong("no_pp"), help: "Stop after planning.")
    var skipsPreprocessing = false

    @Option(
        name: .customLong("pl", withSingleDash: true),
        help: ArgumentHelp(
            "The planner: \(PlanAndPreprocessCommand.presets.map(\.plannerName).joined(separator: ", ")).",
            valueName: "planner"))
    var planner = PlannerPreset.standard.plannerName

    @Option(
        name: .customLong("gpu_memory_target", withSingleDash: true),
        help: ArgumentHelp(
            "Memory to plan for, as nnU-Net counts it; more gives larger patches (default: the planner's).",
            valueName: "GB"))
    var memoryTarget: Double?

    @Option(
        name: .customLong("overwrite_target_spacing", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp("Target spacing in mm instead of the median.", valueName: "D H W"))
    var targetSpacing: [String] = []

    @Option(
        name: .customLong("overwrite_plans_name", withSingleDash: true),
        help: ArgumentHelp("Name of the plans (default: the planner's).", valueName: "name"))
    var plansName: String?

    @Flag(help: "Print the plans' numbers.")
    var verbose = false

    @Flag(name: .customLong("no_pbar"), help: "No progress display.")
    var hidesProgress = false

    @OptionGroup var roots: WorkspaceOptions

    private static let presets: [PlannerPreset] = [.standard, .residualM, .residualL, .residualXL]

    func validate() throws { _ = try options() }

    private func options() throws -> DatasetPreparation.Options {
        var options = DatasetPreparation.Options()
        let names = ListOption.words(configurations)
        if !names.isEmpty { options.configurations = names }
        options.skipsPreprocessing = skipsPreprocessing
        options.isClean = clean
        options.checkLimit = checkLimit
        options.memoryTarget = memoryTarget
        options.plansName = plansName
        let spacing = try ListOption.numbers(targetSpacing, option: "-overwrite_target_spacing")
        if !spacing.isEmpty { options.targetSpacing = spacing }
        guard let preset = Self.presets.first(where: { $0.plannerName == planner }) else {
            throw ValidationError("-pl: there is no planner \"\(planner)\"")
        }
        options.preset = preset
        options.preprocessingLimit = try preprocessingLimit()
        if let checkLimit, checkLimit < 1 { throw ValidationError("-npfp is \(checkLimit); it must be at least 1") }
        return options
    }

    func run() throws {
        let options = try options()
        let workspace = roots.workspace
        // All names before the first dataset is touched.
        let resolved = try ListOption.words(datasets).map { text in try DatasetName.resolve(text, in: workspace) }
        for name in resolved {
            let display = ProgressDisplay(isEnabled: !hidesProgress)
            defer { display.end() }
            display.line(name.name)
            let preparation = DatasetPreparation(workspace: workspace, name: name, options: options)
            try preparation.run { event in show(event, on: display) }
        }
    }

    /// nnU-Net takes one number for all configurations or one for each; they bound the same memory, so the largest
    /// counts.
    private func preprocessingLimit() throws -> Int? {
        let limits = try ListOption.integers(preprocessingLimits, option: "-np")
        if let wrong = limits.first(where: { $0 < 1 }) {
            throw ValidationError("-np is \(wrong); it must be at least 1")
        }
        return limits.max()
    }

    private func show(_ event: DatasetPreparation.Event, on display: ProgressDisplay) {
        switch event {
        case .progress(let progress): display.update(progress)
        case .note(let text): display.line(text)
        case .checked(let report):
            if verifyDatasetIntegrity {
                display.line(report.description)
            } else if !report.warnings.isEmpty {
                let count = report.warnings.count
                display.line(
                    "The integrity check has \(count) warning\(count == 1 ? "" : "s"); --verify-dataset-integrity "
                        + "lists "
                        + (count == 1 ? "it." : "them."))
            }
        case .planned(let plans):
            display.line("Plans: \(plans.path)")
            for name in plans.configurationNames {
                guard let configuration = try? plans.configuration(named: name) else { continue }
                display.line("  " + Self.summary(of: configuration))
                if verbose { display.line(configuration.json.text(indent: 2)) }
            }
        case .prepared(let store, let configuration):
            display.line("\(configuration.name): \(store.identifiers.count) cases in \(store.folder)")
        }
    }

    private static func summary(of configuration: Configuration) -> String {
        let patch = configuration.patchSize.map(String.init).joined(separator: "x")
        let spacing = configuration.spacing.map { String(format: "%.4g", $0) }.joined(separator: "x")
        return "\(configuration.name): patch \(patch), batch \(configuration.batchSize), spacing \(spacing) mm, "
            + "\(configuration.architecture.levelCount) resolution levels"
    }
}
