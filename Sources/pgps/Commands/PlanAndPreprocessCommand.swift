import ArgumentParser
import Datasets

/// `pgps plan-and-preprocess`: from raw images to cases that are ready for training.
struct PlanAndPreprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan-and-preprocess",
        abstract: "Checks a raw dataset, plans its network, and preprocesses its cases.",
        discussion: """
            The integrity check always runs: a dataset with errors is refused with a list of all of them. What is up \
            to date is kept; --clean makes it anew. The steps alone are extract-fingerprint, plan-experiment and \
            preprocess.

            Example:
              pgps plan-and-preprocess -d 4 -c 3d_fullres
              pgps plan-and-preprocess -d 4 5 -c 3d_fullres -np 4 --verify-dataset-integrity
            """)

    @OptionGroup var step: DatasetStepOptions
    @OptionGroup var preprocessing: PreprocessingOptions

    @Option(
        name: .customLong("npfp", withSingleDash: true),
        help: ArgumentHelp("Cases checked at a time (default: one per core).", valueName: "n"))
    var checkLimit: Int?

    @OptionGroup var fingerprint: FingerprintOptions

    @Flag(name: .customLong("no_pp"), help: "Stop after planning.")
    var skipsPreprocessing = false

    @OptionGroup var planner: PlannerOptions

    func validate() throws {
        if let checkLimit, checkLimit < 1 { throw ValidationError("-npfp is \(checkLimit); it must be at least 1") }
    }

    func run() throws {
        var options = DatasetPreparation.Options()
        options.skipsPreprocessing = skipsPreprocessing
        options.isClean = fingerprint.clean
        options.checkLimit = checkLimit
        try planner.apply(to: &options)
        try preprocessing.apply(to: &options)
        try step.run(options, listsWarnings: fingerprint.verifyDatasetIntegrity) { try $0.run(report: $1) }
    }
}
