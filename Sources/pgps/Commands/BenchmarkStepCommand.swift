import ArgumentParser
import Benchmarks

/// `pgps benchmark step`: whole optimizer steps on synthetic patches.
struct BenchmarkStepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Times whole optimizer steps on synthetic patches.",
        discussion: """
            Forward, loss, backward, gradient sum and optimizer, as training runs them. The engine is compared with \
            the reference engine first. Beside the time stand the operations by PyTorch's count, the peak of the cores \
            and the memory measured in the same run, the time of the convolutions alone, and where the time goes.

            Example:
              pgps benchmark step --network hippo --precision fp32 --threads 2
              pgps benchmark step --network full --patch-size 96 96 96 --json
            """)

    @OptionGroup var options: BenchmarkOptions

    @Option(help: ArgumentHelp("Patches per step, instead of the network's.", valueName: "n"))
    var batchSize: Int?

    @Option(help: ArgumentHelp("Steps that are timed, after one that is not.", valueName: "n"))
    var iterations = 10

    func validate() throws {
        guard iterations >= 1 else { throw ValidationError("--iterations is \(iterations); it must be at least 1") }
    }

    func run() throws {
        try ClusterScope.run { runtime in
            try options.threadOptions.apply(on: runtime)
            let benchmark = try StepBenchmark(
                options.subject(batchSize: batchSize), iterationCount: iterations, communicator: runtime.world)
            let measurement = try benchmark.run { text in
                runtime.note(text)
                BenchmarkOptions.note(text)
            }
            print(options.json ? measurement.json.text(indent: 2) : measurement.text)
        }
    }
}
