import Checkpoints
import Datasets
import Documents
import Foundation
import Networks
import Tensors

/// A trained model as nnU-Net lays it out: `DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION/` with `plans.json`,
/// `dataset.json` and one folder per fold.
public struct ModelFolder: Sendable {
    public let path: String
    public let plans: Plans
    public let description: DatasetDescription
    public let configuration: Configuration
    public let architecture: UNetArchitecture

    /// The checkpoint that inference uses by default.
    public static let defaultCheckpoint = CheckpointName.final.rawValue

    /// Opens a model; no weights are read yet.
    ///
    /// - Throws: ``PredictionError/modelMissing(folder:known:)`` with the models beside it, and errors of its
    ///   documents.
    public init(path: String) throws {
        guard FileAccess.isFolder(path), FileAccess.exists(path + "/plans.json") else {
            let parent = (path as NSString).deletingLastPathComponent
            let known = ((try? FileAccess.list(parent)) ?? []).filter { $0.contains("__") && parent + "/" + $0 != path }
            throw PredictionError.modelMissing(folder: path, known: known)
        }
        let parts = (path as NSString).lastPathComponent.components(separatedBy: "__")
        guard parts.count == 3 else { throw PredictionError.notAModelFolder(path) }
        self.path = path
        plans = try Plans(contentsOf: path + "/plans.json")
        description = try DatasetDescription(contentsOf: path + "/dataset.json")
        configuration = try plans.configuration(named: parts[2])
        architecture = try UNetArchitecture(
            configuration: configuration, inputChannelCount: description.channelNames.count,
            headCount: description.labelManager.headCount)
    }

    /// Whether a text can be the class of a trainer of nnU-Net, whose models may lie here beside those of our schemes.
    public static func isTrainerClass(_ name: String) -> Bool {
        name.contains("Trainer") && !name.contains("__")
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "_")
            }
    }

    /// The name of a checkpoint's file: `.h5` is added, or replaces the ending that nnU-Net's files have; `final` is
    /// short for `checkpoint_final.h5`, and so on.
    public static func checkpointFile(_ name: String) -> String {
        if let known = CheckpointName(rawValue: "checkpoint_\(name).h5") { return known.rawValue }
        if name.hasSuffix(".h5") { return name }
        return (name.hasSuffix(".pth") ? String(name.dropLast(4)) : name) + ".h5"
    }

    /// Folds that have a checkpoint of this name, numbers first.
    public func folds(withCheckpoint file: String) -> [FoldName] {
        let folds = (try? FoldName.all(in: path)) ?? []
        return folds.filter { FileAccess.exists("\(path)/\($0.folderName)/\(file)") }
            .sorted { Self.order($0) < Self.order($1) }
    }

    private static func order(_ fold: FoldName) -> Int {
        switch fold {
        case .number(let number): number
        case .all: .max
        }
    }

    /// Reads the weights of several folds.
    ///
    /// - Throws: ``PredictionError`` for a fold without checkpoint and for folds trained with different mirroring,
    ///   `CheckpointError` for a damaged file or one of another network.
    public func loadWeights(folds: [FoldName], checkpoint file: String = defaultCheckpoint) throws -> ModelWeights {
        var members: [AlignedBuffer<Float>] = []
        var mirrorAxes: [Int]?
        for fold in folds {
            let checkpoint = "\(path)/\(fold.folderName)/\(file)"
            guard FileAccess.exists(checkpoint) else {
                throw PredictionError.foldMissing(
                    fold: fold.description, file: checkpoint, known: self.folds(withCheckpoint: file).map(\.description)
                )
            }
            let (weights, attributes) = try Checkpoint.loadWeights(checkpoint, layout: architecture.parameterLayout)
            let axes = attributes.others["mirrorAxes"]?.integers ?? []
            if let first = mirrorAxes, first != axes {
                throw PredictionError.foldsDisagree(
                    first: folds[0].folderName, second: fold.folderName,
                    what: "the axes along which they were mirrored in training, \(first) and \(axes)")
            }
            mirrorAxes = axes
            members.append(weights)
        }
        return ModelWeights(members: members, mirrorAxes: mirrorAxes ?? [])
    }
}

/// The weights of an ensemble, one member per fold.
public struct ModelWeights: Sendable {
    /// In the layout of ``ModelFolder/architecture``.
    public let members: [AlignedBuffer<Float>]
    /// Axes along which images may be mirrored at inference, because they were in training.
    public let mirrorAxes: [Int]

    public init(members: [AlignedBuffer<Float>], mirrorAxes: [Int]) {
        self.members = members
        self.mirrorAxes = mirrorAxes
    }
}
