import ArgumentParser
import Datasets
import Prediction

/// `pgps install-pretrained-model-from-zip`: models out of an archive become trained models here.
struct InstallModelFromZipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-pretrained-model-from-zip",
        abstract: "Unpacks trained models among the results.",
        discussion: """
            Takes archives of pgps export-model-to-zip and of nnU-Net, whose .pth files become checkpoints of pgps; nothing \
            in them is executed. Models that are there are left alone, unless --overwrite says otherwise.

            Example:
              pgps install-pretrained-model-from-zip hippocampus.zip
            """)

    @Argument(help: ArgumentHelp("The archive.", valueName: "zip"))
    var archive: String

    @Flag(help: "Replace models that are there.")
    var overwrite = false

    @OptionGroup var roots: WorkspaceOptions

    func run() throws {
        let folders = try ModelArchive(contentsOf: archive).install(in: roots.workspace, overwrites: overwrite) {
            print("warning: \($0)")
        }
        for folder in folders { print(folder) }
    }
}
