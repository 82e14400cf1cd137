import ArgumentParser
import Datasets

/// `pgps preprocess`: the last step of `plan-and-preprocess`.
struct PreprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Preprocesses the cases of a dataset as its plans say.",
        discussion: """
            Configurations that the plans do not have are skipped. Cases that are up to date are kept; --clean makes \
            them anew.

            Example:
              pgps preprocess -d 4 -c 3d_fullres
              pgps preprocess -d 4 -plans_name nnUNetResEncUNetLPlans -c 2d 3d_fullres 3d_lowres -np 4
            """)

    @OptionGroup var step: DatasetStepOptions

    @Option(
        name: .customLong("plans_name", withSingleDash: true),
        help: ArgumentHelp("Name of the plans.", valueName: "name"))
    var plansName = PlannerPreset.standard.plansName

    @OptionGroup var preprocessing: PreprocessingOptions

    @Flag(help: "Make what is up to date anew.")
    var clean = false

    func run() throws {
        var options = DatasetPreparation.Options()
        options.plansName = plansName
        options.isClean = clean
        try preprocessing.apply(to: &options)
        try step.run(options) { try $0.preprocess(report: $1) }
    }
}
