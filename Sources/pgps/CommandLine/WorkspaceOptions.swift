import ArgumentParser
import Datasets
import Foundation

/// The three root folders, from options or the environment; every command that works on datasets has them.
struct WorkspaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Root of the raw datasets (default: $nnUNet_raw).", valueName: "folder"))
    var raw: String?

    @Option(
        help: ArgumentHelp("Root of the preprocessed datasets (default: $nnUNet_preprocessed).", valueName: "folder"))
    var preprocessed: String?

    @Option(help: ArgumentHelp("Root of the results (default: $nnUNet_results).", valueName: "folder"))
    var results: String?

    var workspace: Workspace {
        Workspace(
            environment: ProcessInfo.processInfo.environment, raw: raw, preprocessed: preprocessed, results: results)
    }
}
