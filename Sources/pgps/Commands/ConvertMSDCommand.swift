import ArgumentParser
import Datasets

/// `pgps convert-msd`: a task of the Medical Segmentation Decathlon as a raw dataset.
struct ConvertMSDCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert-msd",
        abstract: "Turns a task folder of the Medical Segmentation Decathlon into a raw dataset.",
        discussion: """
            Images with several channels (4-D) become one file per channel. The task's folder is only read.

            Example:
              pgps convert-msd -i Task04_Hippocampus
            """)

    @Option(name: .customShort("i"), help: ArgumentHelp("The task's folder, TaskNN_Name.", valueName: "folder"))
    var input: String

    @Option(
        name: [.customLong("overwrite_id", withSingleDash: true)],
        help: ArgumentHelp("Number of the new dataset (default: the task's).", valueName: "n"))
    var id: Int?

    @Option(
        name: .customLong("np", withSingleDash: true),
        help: ArgumentHelp("Files converted at a time (default: one per core).", valueName: "n"))
    var limit: Int?

    @OptionGroup var roots: WorkspaceOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("-np is \(limit); it must be at least 1") }
    }

    func run() throws {
        let conversion = try MSDConversion(source: input, workspace: roots.workspace, id: id)
        let display = ProgressDisplay()
        defer { display.end() }
        let folder = try conversion.run(limit: limit) { progress in display.update(progress) }
        display.line(folder)
    }
}
