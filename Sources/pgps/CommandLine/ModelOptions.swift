import ArgumentParser
import Datasets
import Prediction

/// Which trained model a command is about; every command that takes one from the results has these options.
struct ModelOptions: ParsableArguments {
    @Option(name: .customShort("d"), help: ArgumentHelp("Number or full name of the dataset.", valueName: "dataset"))
    var dataset: String

    @Option(
        name: .customLong("tr", withSingleDash: true),
        help: ArgumentHelp(
            "Scheme that the model was trained with, or the trainer of an imported one, e.g. nnUNetTrainer.",
            valueName: "scheme"),
        transform: TrainerArgument.parse)
    var trainer: String

    @Option(name: .customShort("p"), help: ArgumentHelp("Name of the plans.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @OptionGroup var roots: WorkspaceOptions

    /// The folder of the model with a configuration.
    func folder(configuration: String) throws -> String {
        try ModelFolder.path(
            of: DatasetName.resolve(dataset, in: roots.workspace), trainer: trainer, plans: plans,
            configuration: configuration, in: roots.workspace)
    }
}
