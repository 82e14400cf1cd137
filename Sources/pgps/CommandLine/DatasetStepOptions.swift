import ArgumentParser
import Datasets
import Foundation

/// Which datasets the steps from raw images to preprocessed cases work on, and what they show.
struct DatasetStepOptions: ParsableArguments {
    @Option(
        name: .customShort("d"), parsing: .upToNextOption,
        help: ArgumentHelp("Numbers or full names of the datasets.", valueName: "datasets"))
    var datasets: [String]

    @Flag(help: "Print the plans' numbers.")
    var verbose = false

    @Flag(name: .customLong("no_pbar"), help: "No progress display.")
    var hidesProgress = false

    @OptionGroup var roots: WorkspaceOptions

    /// Prepares one dataset after the other.
    ///
    /// - Parameters:
    ///   - listsWarnings: print the whole report of the integrity check.
    ///   - step: what to do with a dataset; it passes on what happens.
    func run(
        _ options: DatasetPreparation.Options, listsWarnings: Bool = false,
        step: (DatasetPreparation, @escaping @Sendable (DatasetPreparation.Event) -> Void) throws -> Void
    ) throws {
        let workspace = roots.workspace
        // All names before the first dataset is touched.
        let resolved = try ListOption.words(datasets).map { text in try DatasetName.resolve(text, in: workspace) }
        for name in resolved {
            let display = ProgressDisplay(isEnabled: !hidesProgress)
            defer { display.end() }
            display.line(name.name)
            let view = PreparationView(display: display, listsWarnings: listsWarnings, isVerbose: verbose)
            try step(DatasetPreparation(workspace: workspace, name: name, options: options)) { view.show($0) }
        }
    }
}

/// How the fingerprint is made.
struct FingerprintOptions: ParsableArguments {
    @Flag(help: "Print the report of the integrity check.")
    var verifyDatasetIntegrity = false

    @Flag(help: "Make what is up to date anew.")
    var clean = false

    @Option(
        name: .customLong("fpe", withSingleDash: true),
        help: ArgumentHelp("The fingerprint extractor: \(FingerprintOptions.extractorName).", valueName: "name"))
    var extractor = FingerprintOptions.extractorName

    private static let extractorName = "DatasetFingerprintExtractor"

    func validate() throws {
        guard extractor == Self.extractorName else {
            throw ValidationError("-fpe: there is no \"\(extractor)\"; it must be \(Self.extractorName)")
        }
    }
}

/// How plans are made.
struct PlannerOptions: ParsableArguments {
    @Option(
        name: .customLong("pl", withSingleDash: true),
        help: ArgumentHelp(
            "The planner: \(PlannerOptions.names).",
            valueName: "planner"))
    var planner = PlannerPreset.standard.plannerName

    @Option(
        name: .customLong("gpu_memory_target", withSingleDash: true),
        help: ArgumentHelp(
            "Memory to plan for, as nnU-Net counts it; more gives larger patches (default: the planner's).",
            valueName: "GB"))
    var memoryTarget: Double?

    @Option(
        name: .customLong("preprocessor_name", withSingleDash: true),
        help: ArgumentHelp("The preprocessor: \(Preprocessor.name).", valueName: "name"))
    var preprocessor = Preprocessor.name

    @Option(
        name: .customLong("overwrite_target_spacing", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp("Target spacing in mm instead of the median.", valueName: "D H W"))
    var targetSpacing: [String] = []

    @Option(
        name: .customLong("overwrite_plans_name", withSingleDash: true),
        help: ArgumentHelp("Name of the plans (default: the planner's).", valueName: "name"))
    var plansName: String?

    private static let names = PlannerPreset.all.map(\.plannerName).joined(separator: ", ")

    func validate() throws {
        var options = DatasetPreparation.Options()
        try apply(to: &options)
    }

    func apply(to options: inout DatasetPreparation.Options) throws {
        guard let preset = PlannerPreset.all.first(where: { $0.plannerName == planner }) else {
            throw ValidationError("-pl: there is no planner \"\(planner)\"; there are \(Self.names)")
        }
        guard preprocessor == Preprocessor.name else {
            throw ValidationError(
                "-preprocessor_name: there is no \"\(preprocessor)\"; it must be \(Preprocessor.name)")
        }
        if plansName?.isEmpty == true || plansName?.contains("/") == true {
            throw ValidationError("-overwrite_plans_name is \"\(plansName ?? "")\"; it must be the name of a file")
        }
        options.preset = preset
        options.memoryTarget = memoryTarget
        options.plansName = plansName
        let spacing = try ListOption.numbers(targetSpacing, option: "-overwrite_target_spacing")
        if !spacing.isEmpty { options.targetSpacing = spacing }
    }
}

/// Which configurations are preprocessed, and how many cases at a time.
struct PreprocessingOptions: ParsableArguments {
    @Option(
        name: .customShort("c"), parsing: .upToNextOption,
        help: ArgumentHelp("Configurations to preprocess (default: 3d_fullres).", valueName: "configurations"))
    var configurations: [String] = []

    @Option(
        name: .customLong("np", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Cases preprocessed at a time, which bounds the memory: one number, or one per configuration (default: "
                + "one per core).", valueName: "n"))
    var limits: [String] = []

    func validate() throws {
        var options = DatasetPreparation.Options()
        try apply(to: &options)
    }

    func apply(to options: inout DatasetPreparation.Options) throws {
        let names = ListOption.words(configurations)
        if !names.isEmpty { options.configurations = names }
        let limits = try ListOption.integers(limits, option: "-np")
        if let wrong = limits.first(where: { $0 < 1 }) {
            throw ValidationError("-np is \(wrong); it must be at least 1")
        }
        let count = options.configurations.count
        guard limits.count <= 1 || limits.count == count else {
            throw ValidationError(
                "-np has \(limits.count) numbers for \(count) configuration\(count == 1 ? "" : "s"); it must have one, "
                    + "or one per configuration")
        }
        options.preprocessingLimits = limits
    }
}
