import ArgumentParser
import Curriculum
import Datasets
import Documents
import Reporting

/// `pgps schedule`: the stages of a training scheme, without training.
struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Shows the patch and batch of every stage of a training scheme.",
        discussion: """
            EXAMPLES
              pgps schedule -tr pgps-efficiency -d 4 -c 3d_fullres
              pgps schedule -tr pgps-performance --patch-size 40 56 40 --poolings 3 3 3 --batch-size 9

            The network is that of a dataset's plans (-d) or follows from three numbers; a number that is given \
            replaces the one of the plans.
            """)

    @Option(
        name: .customLong("tr", withSingleDash: true),
        help: .init(
            "The scheme: \(Scheme.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "scheme"),
        transform: Scheme.parse)
    var scheme: Scheme

    @Option(name: .customShort("d"), help: .init("Number or name of a preprocessed dataset.", valueName: "dataset"))
    var dataset: String?

    @Option(name: .customShort("c"), help: .init("Configuration in the plans.", valueName: "configuration"))
    var configuration = "3d_fullres"

    @Option(name: .customShort("p"), help: .init("Name of the plans.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @Option(parsing: .upToNextOption, help: .init("The largest patch, voxels per axis.", valueName: "D H W"))
    var patchSize: [String] = []

    @Option(parsing: .upToNextOption, help: .init("How often the network halves each axis.", valueName: "D H W"))
    var poolings: [String] = []

    @Option(help: .init("The batch at the largest patch.", valueName: "n"))
    var batchSize: Int?

    @Option(help: .init("Epochs of the run.", valueName: "n"))
    var epochs = 1000

    @Option(help: .init("Iterations per epoch.", valueName: "n"))
    var iterationsPerEpoch = 250

    @Flag(help: "Prints a JSON document instead of a table.")
    var json = false

    @OptionGroup var roots: WorkspaceOptions

    func validate() throws {
        guard dataset == nil else { return }
        var missing: [String] = []
        if patchSize.isEmpty { missing.append("--patch-size") }
        if poolings.isEmpty { missing.append("--poolings") }
        if batchSize == nil { missing.append("--batch-size") }
        if !missing.isEmpty {
            throw ValidationError(
                "a schedule needs the plans of a dataset (-d) or numbers; missing: \(missing.joined(separator: ", "))")
        }
    }

    func run() throws {
        let schedule = try makeSchedule()
        print(json ? ScheduleReport.document(of: schedule).text(indent: 2) : StageTable.text(of: schedule))
    }

    private func makeSchedule() throws -> Schedule {
        let planned = try dataset.map(plannedConfiguration)
        let patchSize = try ListOption.integers(patchSize, option: "--patch-size")
        let poolings = try ListOption.integers(poolings, option: "--poolings")
        return try Schedule(
            scheme: scheme, maximalPatchSize: patchSize.isEmpty ? planned?.patchSize ?? [] : patchSize,
            poolings: poolings.isEmpty ? planned?.poolings ?? [] : poolings,
            batchSize: batchSize ?? planned?.batchSize ?? 0, epochs: epochs, iterationsPerEpoch: iterationsPerEpoch)
    }

    private func plannedConfiguration(of dataset: String) throws -> Configuration {
        let name = try DatasetName.resolve(dataset, in: roots.workspace)
        let path = try roots.workspace.preprocessedFolder(of: name) + "/\(plans).json"
        return try Plans(contentsOf: path).configuration(named: configuration)
    }
}
