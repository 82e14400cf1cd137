import Archives
import Datasets
import Documents
import Foundation

/// Trained models on their way into a zip archive as nnU-Net shares them:
/// `DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION/…` with documents, checkpoints and scores.
public struct ModelPack {
    /// What the checkpoints are packed as.
    public enum Format: String, Sendable, CaseIterable {
        case pgps
        /// nnU-Net's, in folders of its trainer `nnUNetTrainer`.
        case nnUNet = "nnunet"
    }

    /// Which part of the models is packed, and how.
    public struct Selection: Sendable {
        public var folds: [FoldName]
        /// File names of the checkpoints here.
        public var checkpoints: [String]
        /// A model, fold or checkpoint that is not there is an error.
        public var isStrict = true
        /// The label maps of the validations too, not their scores alone.
        public var withPredictions = false
        public var format = Format.pgps

        public init(folds: [FoldName], checkpoints: [String]) {
            self.folds = folds
            self.checkpoints = checkpoints
        }
    }

    /// Models of the archive.
    public var count: Int { models.count }
    private let models: [(folder: ModelFolder, folds: [FoldName])]
    private let selection: Selection

    /// - Parameter folders: the folders of the models.
    /// - Throws: ``PredictionError`` for a missing model or fold, where they must be there;
    ///   ``ExchangeError/noFold(folder:checkpoint:)`` where nothing is left.
    public init(_ folders: [String], _ selection: Selection) throws {
        self.selection = selection
        var models: [(folder: ModelFolder, folds: [FoldName])] = []
        for path in folders where selection.isStrict || FileAccess.exists(path + "/plans.json") {
            let folder = try ModelFolder(path: path)
            let known = selection.checkpoints.map { (file: $0, folds: folder.folds(withCheckpoint: $0)) }
            for (file, folds) in known where selection.isStrict {
                guard let missing = selection.folds.first(where: { !folds.contains($0) }) else { continue }
                throw PredictionError.foldMissing(
                    fold: missing.description, file: "\(path)/\(missing.folderName)/\(file)",
                    known: folds.map(\.description))
            }
            let present = selection.folds.filter { fold in known.contains { $0.folds.contains(fold) } }
            if !present.isEmpty { models.append((folder, present)) }
        }
        guard !models.isEmpty else {
            throw ExchangeError.noFold(folder: folders[0], checkpoint: selection.checkpoints.joined(separator: " or "))
        }
        self.models = models
    }

    /// Writes the archive; it appears when it is complete.
    ///
    /// - Throws: `FileError`, `ArchiveError`, `CheckpointError`; an old archive stays whole then.
    public func write(to path: String, dataset: DatasetName) throws {
        let writer = try ZipWriter(path: path)
        for (model, folds) in models {
            var parts = (model.path as NSString).lastPathComponent.components(separatedBy: "__")
            if selection.format == .nnUNet { parts[0] = "nnUNetTrainer" }
            let prefix = "\(dataset.name)/\(parts.joined(separator: "__"))"
            try add(try documents(of: model, folds), of: model.path, as: prefix, to: writer)
            switch selection.format {
            case .pgps:
                let files = folds.flatMap { fold in selection.checkpoints.map { "\(fold.folderName)/\($0)" } }
                try add(files, of: model.path, as: prefix, to: writer)
            case .nnUNet:
                try addExported(model, folds, beside: path, as: prefix, to: writer)
            }
        }
        try writer.finish()
    }

    /// Adds files of a folder, where they are there.
    private func add(_ names: [String], of folder: String, as prefix: String, to writer: ZipWriter) throws {
        for name in names where FileAccess.exists("\(folder)/\(name)") {
            let bytes = try FileAccess.read("\(folder)/\(name)")
            try bytes.withUnsafeBytes { try writer.add("\(prefix)/\(name)", parts: [$0]) }
        }
    }

    /// Adds the checkpoints as nnU-Net has them, which are written beside the archive first.
    private func addExported(
        _ model: ModelFolder, _ folds: [FoldName], beside path: String, as prefix: String, to writer: ZipWriter
    ) throws {
        let folder = path + ".exported\(getpid()).tmp"
        defer { try? FileAccess.remove(folder) }
        for file in selection.checkpoints {
            let present = folds.filter(model.folds(withCheckpoint: file).contains)
            guard !present.isEmpty else { continue }
            let paths = try ModelExport(model, folds: present, checkpoint: file, format: .nnUNet).write(
                to: folder, overwrites: true)
            try add(paths.map { String($0.dropFirst(folder.count + 1)) }, of: folder, as: prefix, to: writer)
        }
    }

    /// Names of a model's documents and scores.
    private func documents(of model: ModelFolder, _ folds: [FoldName]) throws -> [String] {
        var names = ["plans.json", "dataset.json", "dataset_fingerprint.json"]
        for fold in folds {
            names += ["run.yaml", "progress.jsonl"].map { "\(fold.folderName)/\($0)" }
            names += try scores(model.path, "\(fold.folderName)/validation")
        }
        let crossValidation = "crossval_results_folds_" + folds.map(\.description).joined(separator: "_")
        return names + (try scores(model.path, crossValidation))
    }

    private func scores(_ folder: String, _ name: String) throws -> [String] {
        guard FileAccess.isFolder("\(folder)/\(name)") else { return [] }
        let known = ["summary.json", "postprocessing.pkl", "postprocessing.json"]
        return try FileAccess.list("\(folder)/\(name)").filter { file in
            let isPrediction = ![".npz", ".pkl"].contains { file.hasSuffix($0) } && !file.hasPrefix(".")
            return known.contains(file) || (selection.withPredictions && isPrediction)
        }.map { "\(name)/\($0)" }.filter { !FileAccess.isFolder("\(folder)/\($0)") }
    }
}
