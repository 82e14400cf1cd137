import ArgumentParser
import Benchmarks
import Cluster
import Curriculum
import Datasets
import Documents
import Foundation
import Training

/// `pgps benchmark training`: the pace of every stage on the data of a fold.
struct BenchmarkTrainingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Times every stage of schemes on the data of a fold, and adds the whole training up.",
        discussion: """
            Iterations run as in training, patches included, alone or under mpirun; nothing is written. The stages take \
            turns, so that noise of the machine falls on all of them. Each stage counts with its median and the iterations \
            that the whole training has, validation and checkpoints left out. The share is that of cps at the pace of the \
            last stage.

            Example:
              pgps benchmark training -d 4 -c 3d_fullres -tr pgps-efficiency pgps-performance
              mpirun -n 2 pgps benchmark training -d 4 -c 3d_fullres -tr pgps-efficiency --precision fp32 --json
            """)

    @Option(name: .customShort("d"), help: ArgumentHelp("Number or full name of the dataset.", valueName: "dataset"))
    var dataset: String

    @Option(name: .customShort("c"), help: ArgumentHelp("Configuration.", valueName: "configuration"))
    var configuration: String

    @Option(name: .customShort("f"), help: ArgumentHelp("Fold (default: 0).", valueName: "fold"))
    var fold = "0"

    @Option(
        name: .customLong("tr", withSingleDash: true), parsing: .upToNextOption,
        help: ArgumentHelp("Schemes with stages; see pgps schedule.", valueName: "schemes"))
    var schemes: [String]

    @Option(name: .customShort("p"), help: ArgumentHelp("Name of the plans.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @Option(help: ArgumentHelp("Epochs of the training that is added up.", valueName: "n"))
    var epochs = 1000

    @Option(help: ArgumentHelp("Optimizer steps per epoch of that training.", valueName: "n"))
    var iterationsPerEpoch = 250

    @Option(help: ArgumentHelp("Iterations of each stage that are timed.", valueName: "n"))
    var iterations = 20

    @Option(
        help: ArgumentHelp(
            """
            Turns of all stages that share these iterations, at most one for each; a turn of a stage begins with an iteration \
            that is not timed.
            """, valueName: "n"))
    var rounds = 4

    @Option(help: ArgumentHelp("auto, fp32 or bf16.", valueName: "precision"))
    var precision = PrecisionChoice.auto

    @Option(
        help: ArgumentHelp(
            "split-crop, single-crop, multi-crop or single-volume (default: the scheme's).", valueName: "construction"))
    var batchConstruction: String?

    @Flag(help: "Prints a JSON document instead of tables.")
    var json = false

    @OptionGroup var threadOptions: ThreadOptions
    @OptionGroup var roots: WorkspaceOptions

    func validate() throws {
        guard iterations >= 1 else { throw ValidationError("--iterations is \(iterations); it must be at least 1") }
        guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds); it must be at least 1") }
    }

    func run() throws {
        try ClusterScope.run { runtime in
            let world = runtime.world
            let runs = try world.agreeing { try ListOption.words(schemes).map(runConfiguration) }
            let foldName = try world.agreeing { try FoldName(parsing: fold) }
            try threadOptions.apply(on: runtime)
            var results: [JSONValue] = []
            for run in runs {
                let run = try run.agreed(on: world)
                let timer = try world.agreeing { try StageTimer(run, fold: foldName, workspace: roots.workspace) }
                let count = min(rounds, iterations)
                let times = try timer.run(on: world, iterationCount: iterations, roundCount: count) { round, stage in
                    runtime.note("\(run.scheme.rawValue), stage \(stage.index + 1)")
                    if world.isRoot {
                        BenchmarkOptions.note(
                            "\(run.scheme.rawValue): stage \(stage.index + 1) timed, round \(round + 1) of \(count)")
                    }
                }
                let runtime = VirtualRuntime(scheme: run.scheme.rawValue, times: times)
                results.append(.object(runtime.json))
                if world.isRoot, !json {
                    print(table(runtime, run.computedPrecision.rawValue, world.size))
                    fflush(nil)  // the next scheme takes minutes
                }
            }
            if world.isRoot, json { print(JSONValue.array(results).text(indent: 2)) }
        }
    }

    private func runConfiguration(_ name: String) throws -> RunConfiguration {
        let scheme = try Scheme.parse(name)
        guard !scheme.isRandom else {
            throw ValidationError(
                "-tr \(name): its iterations draw their patch, so it has no stages to time; give another scheme")
        }
        var run = RunConfiguration(dataset: dataset, fold: fold, scheme: scheme)
        run.configuration = configuration
        run.plans = plans
        run.epochs = epochs
        run.iterationsPerEpoch = iterationsPerEpoch
        run.precision = precision
        if let batchConstruction {
            var said = RunOverrides()
            try said.set(.batchConstruction, to: [batchConstruction])
            run.batchConstruction = said.batchConstruction
        }
        return run
    }

    private func table(_ runtime: VirtualRuntime, _ precision: String, _ rankCount: Int) -> String {
        func cell(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        var lines = ["\(runtime.scheme), \(precision), \(rankCount) rank\(rankCount == 1 ? "" : "s")"]
        lines.append(
            cell("patch D×H×W", 14) + cell("batch", 8) + cell("s/iteration", 13) + cell("with/without data", 19)
                + cell("iterations", 12) + cell("hours", 9))
        for stage in runtime.stages {
            lines.append(
                cell(stage.patchSize.map(String.init).joined(separator: "×"), 14) + cell("\(stage.batchSize)", 8)
                    + cell(decimal(stage.secondsPerIteration, 4), 13) + cell(decimal(stage.dataFactor, 3), 19)
                    + cell("\(stage.iterationCount)", 12) + cell(decimal(stage.seconds / 3600, 2), 9))
        }
        lines.append(
            "in all \(decimal(runtime.seconds / 3600, 2)) hours, \(decimal(100 * runtime.share, 1)) % of cps "
                + "(\(decimal(runtime.constantSeconds / 3600, 2)) hours)")
        return lines.joined(separator: "\n") + "\n"
    }
}
