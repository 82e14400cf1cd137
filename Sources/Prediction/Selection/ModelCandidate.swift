import Datasets
import Documents

/// A trained model that may be the best one of its dataset.
public struct ModelCandidate: Sendable, Equatable {
    /// A scheme, or a trainer of nnU-Net.
    public let trainer: String
    public let plans: String
    public let configuration: String
    /// Its run folder, `TRAINER__PLANS__CONFIGURATION`.
    public let folder: String

    public init(trainer: String, plans: String, configuration: String, folder: String) {
        self.trainer = trainer
        self.plans = plans
        self.configuration = configuration
        self.folder = folder
    }

    /// `TRAINER__PLANS__CONFIGURATION`.
    public var identifier: String { "\(trainer)__\(plans)__\(configuration)" }

    /// All combinations of trainers, configurations and plans, in this order, that the plans know.
    ///
    /// - Returns: the candidates, and the combinations left out because the plans have no such configuration.
    /// - Throws: ``SelectionError`` for a model that is planned but was not trained, and when nothing remains.
    public static func all(
        of dataset: DatasetName, trainers: [String], configurations: [String], plans: [String], in workspace: Workspace
    ) throws -> (candidates: [ModelCandidate], unplanned: [String]) {
        let folder = try workspace.preprocessedFolder(of: dataset)
        let documents = try plans.map { (name: $0, plans: try Plans(contentsOf: "\(folder)/\($0).json")) }
        var candidates: [ModelCandidate] = []
        var unplanned: [String] = []
        for trainer in trainers {
            for configuration in configurations {
                for (name, plans) in documents {
                    guard plans.configurationNames.contains(configuration) else {
                        let known = plans.configurationNames.joined(separator: ", ")
                        let note = "\(name) has no configuration \(configuration), only \(known): left out"
                        if !unplanned.contains(note) { unplanned.append(note) }
                        continue
                    }
                    candidates.append(
                        try candidate(of: dataset, trainer, name, configuration, in: workspace))
                }
            }
        }
        guard !candidates.isEmpty else { throw SelectionError.noCandidates(notes: unplanned) }
        return (candidates, unplanned)
    }

    private static func candidate(
        of dataset: DatasetName, _ trainer: String, _ plans: String, _ configuration: String, in workspace: Workspace
    ) throws -> ModelCandidate {
        let path = try ModelFolder.path(
            of: dataset, trainer: trainer, plans: plans, configuration: configuration, in: workspace)
        guard FileAccess.isFolder(path) else {
            let results = try workspace.resultsFolder(of: dataset)
            let known = ((try? FileAccess.list(results)) ?? []).filter { $0.contains("__") && !$0.contains("___") }
            throw SelectionError.notTrained(folder: path, known: known)
        }
        // The folder of nnU-Net's trainer may be that of a scheme.
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let suffix = "__\(plans)__\(configuration)"
        return ModelCandidate(
            trainer: String(name.dropLast(suffix.count)), plans: plans, configuration: configuration, folder: path)
    }
}
