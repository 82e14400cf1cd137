import ArgumentParser
import Benchmarks

/// `pgps benchmark allreduce`: the reproducible sum over the ranks.
struct BenchmarkAllReduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allreduce",
        abstract: "Times the reproducible sum over the ranks, and MPI_Allreduce beside it.",
        discussion: """
            The time is that of the slowest rank, with the threads that a training would have.

            Example:
              mpirun -n 4 pgps benchmark allreduce
              mpirun -n 2 pgps benchmark allreduce --elements 31000000 --json
            """)

    @Option(
        help: ArgumentHelp(
            "Numbers of the vector (default: the gradient of the network hippo, "
                + "\(AllReduceBenchmark.gradientCount(of: .hippo))).", valueName: "n"))
    var elements: Int?

    @Option(help: ArgumentHelp("Sums that are timed, after one that is not.", valueName: "n"))
    var iterations = 50

    @Flag(help: "Prints a JSON document instead of a table.")
    var json = false

    @OptionGroup var threadOptions: ThreadOptions

    func validate() throws {
        guard iterations >= 1 else { throw ValidationError("--iterations is \(iterations); it must be at least 1") }
    }

    func run() throws {
        try ClusterScope.run { runtime in
            try threadOptions.apply(on: runtime)
            let benchmark = try AllReduceBenchmark(
                elementCount: elements ?? AllReduceBenchmark.gradientCount(of: .hippo), iterationCount: iterations,
                communicator: runtime.world)
            let measurement = try benchmark.run()
            if runtime.world.isRoot { print(json ? measurement.json.text(indent: 2) : measurement.text) }
        }
    }
}
