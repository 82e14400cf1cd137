import ArgumentParser
import Curriculum
import Datasets
import Documents
import Foundation
import Patches
import Threads

/// `pgps benchmark data`: how fast patches are cut and augmented.
struct BenchmarkDataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Times how fast training patches are cut and augmented.",
        discussion: """
            Patches come from the cases of a preprocessed dataset (-d), or from a synthetic case in memory. A patch \
            that is a stage of pgps-performance is read in that stage's batch, another one in a batch of as many \
            voxels. Before anything is timed, a batch read by all threads is compared with that of one thread.

            launch/peer_patches.py times nnU-Net's patches for comparison.

            EXAMPLES
              pgps benchmark data --threads 1
              pgps benchmark data -d 4 -c 3d_fullres --patch-size 8 8 8 --patch-size 40 56 40 --json
            """)

    @Option(name: .customShort("d"), help: .init("Number or name of a preprocessed dataset.", valueName: "dataset"))
    var dataset: String?

    @Option(name: .customShort("c"), help: .init("Configuration in the plans.", valueName: "configuration"))
    var configuration = "3d_fullres"

    @Option(name: .customShort("p"), help: .init("Name of the plans.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @Option(
        parsing: .upToNextOption,
        help: .init(
            "Patches to read, three numbers each (default: 8 8 8, the plan's patch, 128 128 128).",
            valueName: "D H W"))
    var patchSize: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: .init(
            "How batches are put together: \(BatchConstruction.allCases.map(\.rawValue).joined(separator: ", ")) "
                + "(default: split-crop and single-crop).", valueName: "names"))
    var batchConstruction: [String] = []

    @Option(help: .init("Time for each patch and construction.", valueName: "s"))
    var seconds = 2.0

    @Flag(help: "Prints a JSON document instead of a table.")
    var json = false

    @OptionGroup var threadOptions: ThreadOptions
    @OptionGroup var roots: WorkspaceOptions

    /// The plan whose batches are read where there is no dataset: that of the decathlon's Hippocampus task.
    private static let syntheticPlan = (patchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9)

    func validate() throws {
        _ = try patches()
        _ = try constructions()
        guard seconds > 0, seconds.isFinite else {
            throw ValidationError("--seconds is \(seconds); it must be a number above 0")
        }
    }

    func run() throws {
        try ClusterScope.run { runtime in
            try threadOptions.apply(on: runtime)
            let (opening, measurements) = try measure()
            guard runtime.world.isRoot else { return }
            if json {
                print(document(opening, measurements).text(indent: 2))
            } else {
                if let opening { print(opening.text) }
                print(DataBenchmarkTable.text(of: measurements))
            }
        }
    }

    private func measure() throws -> (opening: Opening?, measurements: [DataBenchmark.Measurement]) {
        let stored = try dataset.map(preprocessed)
        let opening = try stored.map { Opening(caseCount: $0.material.cases.count, seconds: try $0.material.open()) }
        let plan = stored?.plan ?? Self.syntheticPlan
        let constructions = try constructions()
        var sizes = try patches()
        if sizes.isEmpty {
            for size in [[8, 8, 8], plan.patchSize, [128, 128, 128]] where !sizes.contains(size) { sizes.append(size) }
        }
        let measurements = try sizes.flatMap { size in
            let benchmark = try DataBenchmark(
                patchSize: size, plan: plan, material: stored?.material ?? .synthetic(patchSize: size))
            for construction in constructions { try benchmark.verify(construction) }
            return try benchmark.run(constructions, seconds: seconds)
        }
        return (opening, measurements)
    }

    /// How long it took to open the cases of a dataset, which a training does once.
    private struct Opening {
        let caseCount: Int
        let seconds: Double

        var text: String { "\(caseCount) cases opened in \(String(format: "%.1f", seconds * 1000)) ms" }
    }

    private typealias Plan = (patchSize: [Int], poolings: [Int], batchSize: Int)

    private func preprocessed(_ dataset: String) throws -> (material: DataBenchmark.Material, plan: Plan) {
        let name = try DatasetName.resolve(dataset, in: roots.workspace)
        let folder = try roots.workspace.preprocessedFolder(of: name)
        let plans = try Plans(contentsOf: "\(folder)/\(self.plans).json")
        let plan = try plans.configuration(named: configuration)
        let description = try DatasetDescription(contentsOf: folder + "/dataset.json")
        let store = try CaseStore(folder: "\(folder)/\(plan.dataIdentifier)")
        try store.check(plans: plans, configuration: plan)
        let material = DataBenchmark.Material(
            cases: CaseLibrary(store: store, identifiers: store.identifiers),
            channelCount: description.channelNames.count, maskedChannels: plan.useMaskForNorm,
            labels: description.labelManager)
        return (material, (plan.patchSize, plan.poolings, plan.batchSize))
    }

    private func patches() throws -> [[Int]] {
        let numbers = try ListOption.integers(patchSize, option: "--patch-size")
        guard numbers.count % 3 == 0, numbers.allSatisfy({ $0 > 0 }) else {
            throw ValidationError(
                "--patch-size is \(patchSize.joined(separator: " ")); give three positive numbers "
                    + "for every patch (D H W)")
        }
        return stride(from: 0, to: numbers.count, by: 3).map { Array(numbers[$0..<$0 + 3]) }
    }

    private func constructions() throws -> [BatchConstruction] {
        let names = ListOption.words(batchConstruction)
        if names.isEmpty { return [.splitCrop, .singleCrop] }
        return try names.map { name in
            guard let construction = BatchConstruction(rawValue: name) else {
                throw ValidationError(
                    "--batch-construction: there is no \"\(name)\"; known are "
                        + BatchConstruction.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return construction
        }
    }

    private func document(_ opening: Opening?, _ measurements: [DataBenchmark.Measurement]) -> JSONValue {
        [
            "version": .string(InfoCommand.version), "dataset": dataset.map { .string($0) } ?? .null,
            "threads": .integer(Threads.count), "cpuFeatures": .strings(LibraryEnvironment.cpuFeatures),
            "caseCount": .integer(opening?.caseCount ?? 1),
            "openingSeconds": opening.map { .real($0.seconds) } ?? .null,
            "measurements": .array(measurements.map(DataBenchmarkTable.document)),
        ]
    }
}

/// The results of `pgps benchmark data` as a table and as a document.
private enum DataBenchmarkTable {
    static func document(of measurement: DataBenchmark.Measurement) -> JSONValue {
        var shares = JSONObject()
        for (step, share) in measurement.profile { shares[step] = .real(share) }
        return [
            "patchSize": .integers(measurement.patchSize), "batchSize": .integer(measurement.batchSize),
            "batchConstruction": .string(measurement.construction.rawValue),
            "batchCount": .integer(measurement.seconds.count),
            "medianSeconds": .real(measurement.seconds(atShare: 0.5)),
            "p10Seconds": .real(measurement.seconds(atShare: 0.1)),
            "p90Seconds": .real(measurement.seconds(atShare: 0.9)),
            "millisecondsPerPatch": .real(measurement.threadSecondsPerPatch * 1000),
            "patchesPerSecondPerCore": .real(1 / measurement.threadSecondsPerPatch),
            "profile": .object(shares),
        ]
    }

    static func text(of measurements: [DataBenchmark.Measurement]) -> String {
        let header = [
            "patch", "batch", "construction", "batches", "median ms", "p10", "p90", "ms per patch", "patches/s",
        ]
        let rows = measurements.map { measurement in
            [
                measurement.patchSize.map(String.init).joined(separator: "×"), String(measurement.batchSize),
                measurement.construction.rawValue, String(measurement.seconds.count),
            ] + [0.5, 0.1, 0.9].map { String(format: "%.3f", measurement.seconds(atShare: $0) * 1000) } + [
                String(format: "%.4f", measurement.threadSecondsPerPatch * 1000),
                String(format: "%.1f", 1 / measurement.threadSecondsPerPatch),
            ]
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
        }
        var lines = ["\(Threads.count) threads; milliseconds of a batch, then per patch and core", "", line(header)]
        for (measurement, row) in zip(measurements, rows) {
            lines.append(line(row))
            let shares = measurement.profile.filter { $0.share >= 0.005 }.sorted { $0.share > $1.share }
            let texts = shares.map { "\($0.step) \(Int(($0.share * 100).rounded())) %" }
            lines.append("    " + texts.joined(separator: ", "))
        }
        return lines.joined(separator: "\n")
    }
}
