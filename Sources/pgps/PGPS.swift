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
            ExportCommand.self, ImportCommand.self, ExportModelToZipCommand.self, InstallModelFromZipCommand.self,
            CheckpointCommand.self, InspectCommand.self, BenchmarkCommand.self, InfoCommand.self,
        ])

    static func main() {
        LibraryEnvironment.prepare()
        // A file that outgrows its limit (ulimit -f) is an error of the write, not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
        let arguments = Spelling(of: Self.self).normalized(Array(CommandLine.arguments.dropFirst()))
        var command: any ParsableCommand
        do { command = try parseAsRoot(arguments) } catch { exitOnce(withError: error) }
        do {
            try command.run()
        } catch  where exitCode(for: error).isSuccess {
            // Help, which the user asked for once.
            exitOnce(withError: error)
        } catch {
            exit(withError: error)
        }
    }
}
