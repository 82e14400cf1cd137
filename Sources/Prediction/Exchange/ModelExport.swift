import Checkpoints
import Datasets
import Documents
import Foundation

/// A trained model on its way into another program: the documents and checkpoints of its folds.
public struct ModelExport {
    /// What the checkpoints are written as.
    public enum Format: String, Sendable, CaseIterable {
        /// A folder that nnU-Net predicts with, or goes on training.
        case nnUNet = "nnunet"
        /// The weights alone, each parameter once, with the documents beside them.
        case safetensors

        var fileEnding: String { self == .nnUNet ? ".pth" : ".safetensors" }
    }

    private let model: ModelFolder
    private let folds: [FoldName]
    /// Name of the checkpoints' files here.
    private let checkpoint: String
    private let format: Format

    /// - Parameters:
    ///   - folds: all that have the checkpoint where empty.
    ///   - checkpoint: file name in the folders of the folds.
    /// - Throws: ``ExchangeError/noFold(folder:checkpoint:)``, or ``PredictionError`` for a fold without checkpoint.
    public init(_ model: ModelFolder, folds: [FoldName], checkpoint: String, format: Format) throws {
        let known = model.folds(withCheckpoint: checkpoint)
        guard !known.isEmpty else { throw ExchangeError.noFold(folder: model.path, checkpoint: checkpoint) }
        if let missing = folds.first(where: { !known.contains($0) }) {
            throw PredictionError.foldMissing(
                fold: missing.description, file: "\(model.path)/\(missing.folderName)/\(checkpoint)",
                known: known.map(\.description))
        }
        self.model = model
        self.folds = folds.isEmpty ? known : folds
        self.checkpoint = checkpoint
        self.format = format
    }

    /// The checkpoint of a fold under its new name, relative to the model's folder.
    private func checkpointPath(_ fold: FoldName) -> String {
        "\(fold.folderName)/\((checkpoint as NSString).deletingPathExtension)\(format.fileEnding)"
    }

    /// Writes the model; each file appears when it is complete.
    ///
    /// - Parameters:
    ///   - folder: made where it is missing.
    ///   - overwrites: files that are there are replaced, one by one.
    /// - Returns: the paths of the checkpoints.
    /// - Throws: ``ExchangeError/exists(_:)`` before anything is written; `CheckpointError`, `FileError`.
    public func write(to folder: String, overwrites: Bool) throws -> [String] {
        let documents = ["plans.json", "dataset.json", "dataset_fingerprint.json"].filter {
            FileAccess.exists(model.path + "/" + $0)
        }
        let checkpoints = folds.map { folder + "/" + checkpointPath($0) }
        let present = (documents.map { folder + "/" + $0 } + checkpoints).filter(FileAccess.exists)
        guard overwrites || present.isEmpty else { throw ExchangeError.exists(present) }
        try FileAccess.makeFolder(folder)
        for name in documents {
            try FileAccess.replace(folder + "/" + name, with: FileAccess.read(model.path + "/" + name))
        }
        for (fold, path) in zip(folds, checkpoints) {
            try FileAccess.makeFolder(folder + "/" + fold.folderName)
            try writeCheckpoint(fold, to: path)
        }
        return checkpoints
    }

    private func writeCheckpoint(_ fold: FoldName, to path: String) throws {
        let source = "\(model.path)/\(fold.folderName)/\(checkpoint)"
        let layout = model.architecture.parameterLayout
        switch format {
        case .nnUNet:
            let origin = TorchCheckpoint.Origin(
                plans: model.plans.json, datasetDescription: model.description.json,
                configuration: model.configuration.name, fold: fold.description)
            try TorchCheckpoint.write(Checkpoint.load(source, layout: layout), origin, to: path)
        case .safetensors:
            let (weights, attributes) = try Checkpoint.loadWeights(source, layout: layout)
            let axes = attributes.others["mirrorAxes"]?.integers ?? []
            try Safetensors.write(
                layout, weights,
                metadata: [
                    ("format", "pt"), ("dataset", model.plans.datasetName), ("trainer", attributes.scheme),
                    ("configuration", model.configuration.name), ("fold", fold.description),
                    ("epoch", String(attributes.epoch)),
                    ("mirrorAxes", axes.map(String.init).joined(separator: ",")),
                ], to: path)
        }
    }
}
