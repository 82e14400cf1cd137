import ArgumentParser
import Benchmarks
import Prediction

/// `pgps benchmark predict`: the sliding window over a synthetic image.
struct BenchmarkPredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Times the sliding window over a synthetic image, from voxels to labels.",
        discussion: """
            Nothing is read, resampled or written. The engine is compared with the reference engine first.

            Example:
              pgps benchmark predict --network full --image-size 256 256 256 --iterations 1
              pgps benchmark predict --network hippo --disable_tta --json
            """)

    @OptionGroup var options: BenchmarkOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Voxels of the image (default: twice the patch).", valueName: "D H W"))
    var imageSize: [String] = []

    @Option(
        name: .customLong("step_size", withSingleDash: true),
        help: ArgumentHelp("Distance between neighboring patches as a share of the patch.", valueName: "share"))
    var stepSize = 0.5

    @Flag(name: .customLong("disable_tta"), help: "Do not mirror patches: one pass instead of eight.")
    var disablesMirroring = false

    @Option(help: ArgumentHelp("Images that are timed.", valueName: "n"))
    var iterations = 3

    func validate() throws {
        guard iterations >= 1 else { throw ValidationError("--iterations is \(iterations); it must be at least 1") }
        guard stepSize > 0, stepSize <= 1 else { throw ValidationError(PredictionError.stepSize(stepSize).description) }
    }

    func run() throws {
        try ClusterScope.run { runtime in
            try options.threadOptions.apply(on: runtime)
            guard runtime.world.size == 1 else { throw BenchmarkError.needsOneRank(runtime.world.size) }
            let size = try ListOption.integers(imageSize, option: "--image-size")
            let benchmark = try PredictionBenchmark(
                options.subject(), imageSize: size.isEmpty ? nil : size, stepSize: stepSize,
                mirrorAxes: disablesMirroring ? [] : [0, 1, 2], iterationCount: iterations)
            let measurement = try benchmark.run { text in
                runtime.note(text)
                BenchmarkOptions.note(text)
            }
            print(options.json ? measurement.json.text(indent: 2) : measurement.text)
        }
    }
}
