import Checkpoints
import Datasets
import Documents
import Foundation
import Networks
import Tensors

/// A trained network in a file of another program, and what the file says about it.
public struct ForeignCheckpoint {
    public let path: String
    public let weights: WeightsFile
    public let trainerName: String?
    public let configuration: String?
    public let fold: String?
    public let plans: JSONValue?
    public let datasetDescription: JSONValue?
    /// Axes along which images may be mirrored at inference; nil where the file cannot say.
    public let mirrorAxes: [Int]?
    public let finishedEpochCount: Int
    private let torch: TorchCheckpoint?

    /// Endings of the files that can be opened.
    public static let fileEndings = ["pth", "safetensors"]

    /// Opens a file; no weights are read yet.
    ///
    /// - Throws: `CheckpointError`; ``ExchangeError``.
    public init(contentsOf path: String) throws {
        self.path = path
        guard FileAccess.exists(path) else { throw CheckpointError(.missing, path: path) }
        switch (path as NSString).pathExtension {
        case "pth":
            let file = try TorchCheckpoint(contentsOf: path)
            torch = file
            weights = file.weights
            (trainerName, configuration, fold) = (file.trainerName, file.configuration, file.fold)
            (plans, datasetDescription) = (file.plans, file.datasetDescription)
            mirrorAxes = file.mirrorAxes
            finishedEpochCount = file.finishedEpochCount
        case "safetensors":
            let file = try Safetensors(contentsOf: path)
            torch = nil
            weights = file.weights
            func text(_ key: String) -> String? { file.metadata[key]?.string }
            (trainerName, configuration, fold) = (text("trainer"), text("configuration"), text("fold"))
            (plans, datasetDescription) = (nil, nil)
            mirrorAxes = text("mirrorAxes").map { $0.split(separator: ",").compactMap { Int($0) } }
            finishedEpochCount = text("epoch").flatMap { Int($0) } ?? 0
        default: throw ExchangeError.nothingToImport(path: path)
        }
        if let axes = mirrorAxes, Set(axes).count != axes.count || !axes.allSatisfy((0...2).contains) {
            throw ExchangeError.mirrorAxes(axes, path: path)
        }
    }

    /// Reads the network and saves it as a checkpoint of a trained model here.
    ///
    /// - Parameters:
    ///   - trainer: the name under which the model appears.
    ///   - mirrorAxes: used where the file does not say.
    /// - Throws: `CheckpointError`, with a readable difference when the network is another one.
    func save(
        _ layout: ParameterLayout, plans: Plans, configuration: String, fold: FoldName, trainer: String,
        mirrorAxes: [Int], to target: String
    ) throws {
        try weights.check(layout)
        let values = AlignedBuffer<Float>(count: layout.scalarCount)
        try weights.read(layout, into: values)
        let momentum = try torch?.readMomentum(layout) ?? AlignedBuffer<Float>(count: layout.scalarCount)
        let attributes = CheckpointAttributes(
            scheme: trainer, stage: 0, epoch: finishedEpochCount, iteration: 0, seed: 0, threads: 1,
            plansName: plans.name, plansHash: plans.sha256, datasetHash: "",
            others: [
                "configuration": .string(configuration), "fold": .string(fold.description),
                "mirrorAxes": .integers((self.mirrorAxes ?? mirrorAxes).sorted()),
                "importedFrom": .string((path as NSString).lastPathComponent),
            ])
        try FileAccess.makeFolder((target as NSString).deletingLastPathComponent)
        try Checkpoint.saveAlone(
            CheckpointContent(layout: layout, weights: values, momentum: momentum, attributes: attributes), to: target)
    }
}
