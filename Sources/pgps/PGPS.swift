import ArgumentParser
import CommandLineSpelling
import Foundation
import Threads

@main
struct PGPS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgps", abstract: "Trains 3D medical segmentation networks on CPU clusters.",
        groupedSubcommands: [
            CommandGroup(
                name: "Data",
                subcommands: [
                    PlanAndPreprocessCommand.self, ExtractFingerprintCommand.self, PlanExperimentCommand.self,
                    PreprocessCommand.self, ConvertMSDCommand.self, PhantomCommand.self, InspectCommand.self,
                    PlotOverlayPNGsCommand.self,
                ]),
            CommandGroup(
                name: "Training", subcommands: [ScheduleCommand.self, TrainCommand.self, CheckpointCommand.self]),
            CommandGroup(
                name: "Prediction and scores",
                subcommands: [
                    PredictCommand.self, EnsembleCommand.self, EvaluateCommand.self, EvaluateSimpleCommand.self,
                    AccumulateCrossvalResultsCommand.self, FindBestConfigurationCommand.self,
                    DeterminePostprocessingCommand.self, ApplyPostprocessingCommand.self,
                ]),
            CommandGroup(
                name: "Models from and for nnU-Net",
                subcommands: [
                    ExportCommand.self, ImportCommand.self, ExportModelToZipCommand.self,
                    InstallModelFromZipCommand.self, LinksCommand.self,
                ]),
            CommandGroup(name: "Machine", subcommands: [InfoCommand.self, BenchmarkCommand.self]),
        ])

    static func main() {
        LibraryEnvironment.prepare()
        // A file that outgrows its limit (ulimit -f) is an error of the write, not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
        let spelling = Spelling(of: Self.self)
        var command: any ParsableCommand
        do {
            let arguments = try called(CommandLine.arguments, spelling)
            command = try parseAsRoot(spelling.normalized(arguments))
        } catch { exitOnce(withError: error) }
        do {
            try command.run()
        } catch  where exitCode(for: error).isSuccess {
            // Help, which the user asked for once.
            exitOnce(withError: error)
        } catch {
            exit(withError: error)
        }
    }

    /// The arguments without the program's name, or what to run where that is the name of one of nnU-Net's programs.
    private static func called(_ arguments: [String], _ spelling: Spelling) throws -> [String] {
        let rest = Array(arguments.dropFirst())
        guard let program = try ForeignProgram.called(arguments.first ?? "") else { return rest }
        let (translated, notes) = try program.translated(rest, spelling: spelling)
        if LaunchedRank.isFirst {
            for note in notes { FileHandle.standardError.write(Data("note: \(note)\n".utf8)) }
        }
        return translated
    }
}
