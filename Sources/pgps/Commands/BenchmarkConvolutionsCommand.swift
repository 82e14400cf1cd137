import ArgumentParser
import Benchmarks
import Cluster
import Documents
import Foundation
import Kernels

/// `pgps benchmark convolutions`: the convolutions of a step, shape by shape.
struct BenchmarkConvolutionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convolutions",
        abstract: "Times the convolutions of a step one by one, by the engine and by oneDNN alone.",
        discussion: """
            Every shape is timed by itself on one micro-batch; operations count two per multiply-add of the sum over the \
            taps, whatever the algorithm. A convolution over two concatenated inputs, which training runs as two, is one \
            here.

            Example:
              pgps benchmark convolutions --network hippo --precision fp32 --threads 2
            """)

    @OptionGroup var options: BenchmarkOptions

    func run() throws {
        try ClusterScope.run { runtime in
            try options.threadOptions.apply(on: runtime)
            let comparisons = try ConvolutionComparison.measure(options.subject())
            guard runtime.world.isRoot else { return }
            if options.json {
                print(JSONValue.array(comparisons.map(document)).text(indent: 2))
            } else {
                print(table(comparisons))
            }
        }
    }

    private func document(_ comparison: ConvolutionComparison) -> JSONValue {
        let shape = comparison.shape
        func seconds(_ times: ConvolutionTimes) -> JSONValue {
            [
                "forwardSeconds": .real(times.forward), "backwardDataSeconds": .real(times.backwardData),
                "backwardWeightsSeconds": .real(times.backwardWeights),
            ]
        }
        return [
            "batchSize": .integer(shape.batchSize), "inputChannels": .integer(shape.inputChannelCount),
            "outputChannels": .integer(shape.outputChannelCount), "inputSize": .integers(shape.inputSize),
            "kernel": .integers(shape.kernel), "stride": .integers(shape.stride),
            "transposed": .bool(shape.isTransposed), "perStep": .real(comparison.count),
            "algorithm": .string(comparison.algorithm.rawValue), "gflop": .real(Double(shape.operationCount) / 1e9),
            "engine": seconds(comparison.engine), "oneDNN": seconds(comparison.oneDNN),
        ]
    }

    /// GFLOP/s of each direction, and the share of all that a step's convolutions take.
    private func table(_ comparisons: [ConvolutionComparison]) -> String {
        func cell(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let total = comparisons.reduce(0) { $0 + $1.engine.total * $1.count }
        var lines = ["GFLOP/s forward, backward data and backward weights; step: of the time of all convolutions"]
        lines.append(
            cell("channels", 11) + cell("input", 18) + cell("kernel", 8) + cell("stride", 8) + cell("per step", 10)
                + cell("algorithm", 11) + cell("engine", 21) + cell("oneDNN", 21) + cell("step", 8))
        for comparison in comparisons {
            let shape = comparison.shape
            func rates(_ times: ConvolutionTimes) -> String {
                [times.forward, times.backwardData, times.backwardWeights].map { seconds in
                    cell(seconds > 0 ? String(format: "%.0f", Double(shape.operationCount) / seconds / 1e9) : "-", 7)
                }.joined()
            }
            func extent(_ values: [Int]) -> String { values.map(String.init).joined(separator: "×") }
            lines.append(
                cell("\(shape.inputChannelCount)→\(shape.outputChannelCount)", 11)
                    + cell("\(shape.batchSize) × \(extent(shape.inputSize))", 18) + cell(extent(shape.kernel), 8)
                    + cell((shape.isTransposed ? "1/" : "") + extent(shape.stride), 8)
                    + cell(String(format: "%.0f", comparison.count), 10) + cell(comparison.algorithm.rawValue, 11)
                    + rates(comparison.engine) + rates(comparison.oneDNN)
                    + cell(String(format: "%.1f %%", 100 * comparison.engine.total * comparison.count / total), 8))
        }
        return lines.joined(separator: "\n")
    }
}
