import ArgumentParser
import Benchmarks
import Foundation
import Kernels
import Training

/// What a benchmark runs, and how it reports.
struct BenchmarkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The network and its patch: \(BenchmarkNetwork.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "network"))
    var network: BenchmarkNetwork

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Voxels of a patch, instead of the network's.", valueName: "D H W"))
    var patchSize: [String] = []

    @Option(help: ArgumentHelp("fp32, bf16, or auto: bf16 where the CPU is made for it.", valueName: "precision"))
    var precision = PrecisionChoice.auto

    @Option(help: "Engine of the convolutions: \(Engine.allCases.map(\.rawValue).joined(separator: " or ")).")
    var engine = Engine.oneDNN

    @Flag(help: "Prints a JSON document instead of a table.")
    var json = false

    @OptionGroup var threadOptions: ThreadOptions

    /// - Parameter batchSize: instead of the network's.
    /// - Throws: ``BenchmarkError`` and `ValidationError`.
    func subject(batchSize: Int? = nil) throws -> BenchmarkSubject {
        let size = try ListOption.integers(patchSize, option: "--patch-size")
        let precision = precision.precision(engine)
        guard engine.precisions.contains(precision) else {
            let known = engine.precisions.map(\.rawValue).joined(separator: ", ")
            throw ValidationError(
                "--precision \(precision.rawValue): \(engine.rawValue) computes in \(known) on this CPU")
        }
        return try BenchmarkSubject(
            network: network, patchSize: size.isEmpty ? nil : size, batchSize: batchSize, engine: engine,
            precision: precision)
    }

    /// Says on standard error what a benchmark does now.
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

extension BenchmarkNetwork: ExpressibleByArgument {}
