import ArgumentParser
import CommandLineSpelling
import Foundation
import Threads

@main
struct PGPS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgps", abstract: "Trains 3D medical segmentation networks on CPU clusters.",
        subcommands: [
            PhantomCommand.self, ConvertMSDCommand.self, PlanAndPreprocessCommand.self,
            ExtractFingerprintCommand.self, PlanExperimentCommand.self, PreprocessCommand.self, ScheduleCommand.self,
            TrainCommand.self, PredictCommand.self, EvaluateCommand.self, EvaluateSimpleCommand.self,
            AccumulateCrossvalResultsCommand.self, FindBestConfigurationCommand.self, EnsembleCommand.self,
            DeterminePostprocessingCommand.self, ApplyPostprocessingCommand.self, PlotOverlayPNGsCommand.self,
            PhantomCommand.self, ConvertMSDCommand.self, PlanAndPreprocessCommand.self,
            ExtractFingerprintCommand.self, PlanExperimentCommand.self, PreprocessCommand.self, ScheduleCommand.self,
            TrainCommand.self, PredictCommand.self, EvaluateCommand.self, EvaluateSimpleCommand.self,
            AccumulateCrossvalResultsCommand.self, FindBestConfigurationCommand.self, EnsembleCommand.self,
            DeterminePostprocessingCommand.self, ApplyPostprocessingCommand.self, PlotOverlayPNGsCommand.self,
            ExportCommand.self, ImportCommand.self, ExportModelToZipCommand.self, InstallModelFromZipCommand.self,
            CheckpointCommand.self, InspectCommand.self, BenchmarkCommand.self, LinksCommand.self, InfoCommand.self,
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
