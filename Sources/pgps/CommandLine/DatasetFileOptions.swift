import ArgumentParser
import Datasets

/// The documents that say what the label maps of a folder mean.
struct DatasetFileOptions: ParsableArguments {
    @Option(
        name: .customLong("plans_json", withSingleDash: true),
        help: ArgumentHelp("The plans.json; nothing in it changes the result.", valueName: "file"))
    var plansFile: String?

    @Option(
        name: .customLong("dataset_json", withSingleDash: true),
        help: ArgumentHelp("The dataset.json (default: the one in the input folder).", valueName: "file"))
    var datasetFile: String?

    /// - Parameter folder: where dataset.json lies unless an option names one.
    func description(in folder: String) throws -> DatasetDescription {
        if let plansFile { _ = try Plans(contentsOf: plansFile) }
        return try DatasetDescription(contentsOf: datasetFile ?? folder + "/dataset.json")
    }
}
