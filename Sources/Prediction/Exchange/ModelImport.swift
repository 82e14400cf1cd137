import Checkpoints
import Datasets
import Documents
import Foundation
import Networks

/// A trained model of another program on its way here: documents and network are understood and compared before anything
/// is written.
public struct ModelImport {
    /// What the user says about the model; nil where the files do.
    public struct Options: Sendable {
        /// Number or full name of the dataset.
        public var dataset: String?
        public var configuration: String?
        /// Empty: all of a folder, or what a single file says.
        public var folds: [FoldName] = []
        /// The name under which the model appears here; the file's by default.
        public var trainer: String?
        /// Name of the checkpoints without ending.
        public var checkpoint = "checkpoint_final"
        /// Paths of plans and dataset.json, for a file that has none.
        public var plans: String?
        public var datasetDescription: String?

        public init() {}
    }

    public let dataset: DatasetName
    public let trainer: String
    public let plans: Plans
    public let description: DatasetDescription
    public let configuration: Configuration
    public let architecture: UNetArchitecture
    public let folds: [FoldName]
    private let files: [ForeignCheckpoint]
    private let checkpoint: String
    private let fingerprint: String?

    /// Opens a model folder, a `.pth` or a `.safetensors`.
    ///
    /// - Throws: the error of whatever cannot be understood, is missing, or does not fit.
    public init(_ path: String, _ options: Options, workspace: Workspace) throws {
        let isFolder = FileAccess.isFolder(path)
        let found = try isFolder ? Self.files(in: path, options) : [(nil, path)]
        let files = try found.map { try ForeignCheckpoint(contentsOf: $0.path) }
        self.files = files
        guard let first = files.first else {
            throw ExchangeError.noFold(folder: path, checkpoint: options.checkpoint + ".pth or .safetensors")
        }
        plans = try Self.plans(options.plans ?? (isFolder ? path + "/plans.json" : nil), first)
        description = try Self.description(
            options.datasetDescription ?? (isFolder ? path + "/dataset.json" : nil), first)
        guard let name = options.configuration ?? first.configuration else {
            throw ExchangeError.unknown(what: "its configuration", path: first.path, option: "-c")
        }
        configuration = try plans.configuration(named: name)
        architecture = try UNetArchitecture(
            configuration: configuration, inputChannelCount: description.channelNames.count,
            headCount: description.labelManager.headCount)
        folds = try zip(found, files).map { try $0.fold ?? options.folds.first ?? Self.fold(of: $1) }
        trainer = options.trainer ?? first.trainerName ?? "nnUNetTrainer"
        dataset = try Self.dataset(options.dataset, plans, workspace)
        for (what, name) in [("plans_name", plans.name), ("the configuration", name), ("the trainer", trainer)]
        where name.isEmpty || name.contains("/") || name.contains("__") || name.utf8.contains(where: Self.isControl) {
            throw ExchangeError.folderName(name, what: what, path: first.path)
        }
        checkpoint =
            isFolder ? options.checkpoint : "checkpoint_" + (path.contains("checkpoint_best") ? "best" : "final")
        let fingerprint = path + "/dataset_fingerprint.json"
        self.fingerprint = isFolder && FileAccess.exists(fingerprint) ? fingerprint : nil
        for file in files { try file.weights.check(architecture.parameterLayout) }
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 32 || byte == 127 }

    /// The checkpoints of a model folder, one per fold.
    private static func files(in folder: String, _ options: Options) throws -> [(fold: FoldName?, path: String)] {
        let present = try FoldName.all(in: folder)
        let isAsked = !options.folds.isEmpty
        return try (isAsked ? options.folds : present).compactMap { fold in
            let paths = ForeignCheckpoint.fileEndings.map {
                "\(folder)/\(fold.folderName)/\(options.checkpoint).\($0)"
            }
            let existing = paths.filter(FileAccess.exists)
            guard existing.count <= 1 else { throw ExchangeError.foldTwice(fold: fold.description, path: folder) }
            if isAsked, existing.isEmpty {
                throw PredictionError.foldMissing(
                    fold: fold.description, file: paths[0], known: present.map(\.description))
            }
            return existing.first.map { (fold, $0) }
        }
    }

    private static func fold(of file: ForeignCheckpoint) throws -> FoldName {
        guard let fold = file.fold else {
            throw ExchangeError.unknown(what: "its fold", path: file.path, option: "-f")
        }
        return try FoldName(parsing: fold)
    }

    private static func plans(_ path: String?, _ file: ForeignCheckpoint) throws -> Plans {
        if let path { return try Plans(contentsOf: path) }
        guard let json = file.plans else {
            throw ExchangeError.unknown(what: "its plans", path: file.path, option: "--plans")
        }
        return try Plans(json: json, path: file.path)
    }

    private static func description(_ path: String?, _ file: ForeignCheckpoint) throws -> DatasetDescription {
        if let path { return try DatasetDescription(contentsOf: path) }
        guard let json = file.datasetDescription else {
            throw ExchangeError.unknown(what: "its labels and channels", path: file.path, option: "--dataset-json")
        }
        return try DatasetDescription(json: json, path: file.path)
    }

    /// The dataset that the user names, known here or not, or the one of the plans.
    private static func dataset(_ asked: String?, _ plans: Plans, _ workspace: Workspace) throws -> DatasetName {
        let planned = DatasetName(fullName: plans.datasetName)
        if let asked {
            if let known = try? DatasetName.resolve(asked, in: workspace) { return known }
            if let name = DatasetName(fullName: asked) { return name }
            let short = planned.flatMap { $0.name.split(separator: "_", maxSplits: 1).last.map(String.init) }
            if let id = Int(asked), let short, let name = DatasetName(id: id, shortName: short) { return name }
            throw DatasetError.notADatasetName(asked)
        }
        guard let planned else {
            throw ExchangeError.unknown(what: "the name of its dataset", path: plans.path, option: "-d")
        }
        return planned
    }

    /// Writes the model among the results: documents, then one checkpoint after the other, each whole or not at all.
    ///
    /// - Parameter overwrites: checkpoints that are there are replaced.
    /// - Returns: the paths of the checkpoints.
    /// - Throws: ``ExchangeError/exists(_:)`` and ``ExchangeError/otherModel(folder:folds:)`` before anything is written.
    public func write(in workspace: Workspace, overwrites: Bool) throws -> [String] {
        let folder = try workspace.modelFolder(
            of: dataset, trainer: trainer, plans: plans.name, configuration: configuration.name)
        let targets = folds.map { "\(folder)/\($0.folderName)/\(ModelFolder.checkpointFile(checkpoint))" }
        try checkTargets(folder, targets, overwrites: overwrites)
        try FileAccess.makeFolder(folder)
        try FileAccess.replace(folder + "/plans.json", with: plans.json.text(indent: 4))
        try FileAccess.replace(folder + "/dataset.json", with: description.json.text(indent: 4))
        if let fingerprint {
            try FileAccess.replace(folder + "/dataset_fingerprint.json", with: FileAccess.read(fingerprint))
        }
        for (index, target) in targets.enumerated() {
            try files[index].save(
                architecture.parameterLayout, plans: plans, configuration: configuration.name, fold: folds[index],
                trainer: trainer, mirrorAxes: Array(0..<configuration.patchSize.count), to: target)
        }
        return targets
    }

    private func checkTargets(_ folder: String, _ targets: [String], overwrites: Bool) throws {
        // A run that was trained here keeps its record beside its checkpoints.
        let records = folds.map { "\(folder)/\($0.folderName)/run.yaml" }
        let present = (targets + records).filter(FileAccess.exists)
        guard overwrites || present.isEmpty else { throw ExchangeError.exists(present) }
        guard FileAccess.exists(folder + "/plans.json") else { return }
        let isSame =
            (try? JSONValue(contentsOf: folder + "/plans.json")) == plans.json
            && (try? JSONValue(contentsOf: folder + "/dataset.json")) == description.json
        let others = try FoldName.all(in: folder).filter { !folds.contains($0) }
        guard isSame || others.isEmpty else {
            throw ExchangeError.otherModel(folder: folder, folds: others.map(\.description))
        }
    }
}
