import ArgumentParser

/// `pgps benchmark`: how fast the parts of a training are on this machine.
struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Measures how fast the parts of a training are on this machine.",
        subcommands: [
            BenchmarkStepCommand.self, BenchmarkConvolutionsCommand.self, BenchmarkTrainingCommand.self,
            BenchmarkDataCommand.self, BenchmarkAllReduceCommand.self, BenchmarkPredictCommand.self,
        ])
}
