import Documents
import Foundation
import Networks
import Tensors

/// Weights of another training that a new one starts from, by nnU-Net's rule: every parameter but the segmentation heads
/// is taken over, and each of them must be there in the same shape.
public struct PretrainedWeights: Sendable {
    public let path: String
    /// Parameters that were taken over, of how many.
    public let takenCount: Int
    public let parameterCount: Int
    private let layout: ParameterLayout
    private let weights: AlignedBuffer<Float>

    /// Reads the weights for a network. Rank-local; the same on every rank.
    ///
    /// - Parameter path: `.pth` of nnU-Net's trainer, `.safetensors` or `.h5`.
    /// - Throws: ``CheckpointError``, with a readable difference when the file belongs to another network.
    public init(contentsOf path: String, layout: ParameterLayout) throws(CheckpointError) {
        self.path = path
        self.layout = layout
        let taken = layout.entries.filter { !StateDictNames.isHead($0.name) }
        takenCount = taken.count
        parameterCount = layout.entries.count
        guard FileAccess.exists(path) else { throw CheckpointError(.missing, path: path) }
        switch (path as NSString).pathExtension {
        case "pth": weights = try Self.read(TorchCheckpoint(contentsOf: path).weights, layout)
        case "safetensors": weights = try Self.read(Safetensors(contentsOf: path).weights, layout)
        case "h5":
            weights = try CheckpointFile.withVerified(path) { (file) throws(CheckpointError) in
                let tensors = try CheckpointFile.readDocuments(file).tensors
                let differences = CheckpointFile.missing(tensors, from: taken)
                guard differences.isEmpty else { throw CheckpointError(.mismatch(differences)) }
                let weights = AlignedBuffer<Float>(count: layout.scalarCount)
                for entry in taken {
                    try CheckpointFile.read(
                        "/weights/" + entry.name, shape: entry.shape, file, into: weights.pointer + entry.offset)
                }
                return weights
            }
        default:
            throw CheckpointError(
                .notUnderstood("pretrained weights are a .pth of nnU-Net, a .safetensors or a .h5"), path: path)
        }
    }

    private static func read(
        _ file: WeightsFile, _ layout: ParameterLayout
    ) throws(CheckpointError) -> AlignedBuffer<Float> {
        try file.check(layout, .allButHeads)
        let weights = AlignedBuffer<Float>(count: layout.scalarCount)
        try file.read(layout, .allButHeads, into: weights)
        return weights
    }

    /// The given weights, with those of the file in their places; the segmentation heads stay.
    ///
    /// - Precondition: `initial` has the network's layout.
    public func replacing(_ initial: AlignedBuffer<Float>) -> AlignedBuffer<Float> {
        precondition(initial.count == layout.scalarCount, "\(initial.count) weights for \(layout.scalarCount)")
        let result = AlignedBuffer<Float>(count: layout.scalarCount)
        for entry in layout.entries {
            let source = StateDictNames.isHead(entry.name) ? initial : weights
            (result.pointer + entry.offset).update(from: source.pointer + entry.offset, count: entry.count)
        }
        return result
    }
}
