import ArgumentParser
import CommandLineSpelling
import Documents
import Foundation

/// `pgps links`: nnU-Net's command names for this program.
struct LinksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links",
        abstract: "Makes links with nnU-Net's command names that run this program.",
        discussion: """
            With the folder on PATH, nnUNetv2_train, nnUNetv2_predict and so on take what nnU-Net's users type: \
            nnUNetTrainer is the scheme cps, options that have no meaning here are taken with a note, and those that would \
            change the results are refused, such as -device cuda.

            Example:
              pgps links ~/pgps-links && export PATH=~/pgps-links:$PATH
              nnUNetv2_train 4 3d_fullres 0 --npz
            """)

    @Argument(help: ArgumentHelp("Folder for the links.", valueName: "folder"))
    var folder: String

    func run() throws {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        let spelling = Spelling(of: PGPS.self)
        try FileAccess.makeFolder(folder)
        for name in ForeignProgram.all where spelling.declares(command: name.command) {
            try FileAccess.makeLink("\(folder)/\(name.name)", to: program)
            print(name.name)
        }
    }
}
