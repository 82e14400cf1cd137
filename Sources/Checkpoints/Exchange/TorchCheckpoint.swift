import Documents
import Networks
import Tensors

/// A checkpoint that nnU-Net's trainer wrote (`checkpoint_final.pth`), as far as it means something here.
public struct TorchCheckpoint {
    /// `network_weights`.
    public let weights: WeightsFile
    /// `trainer_name`, e.g. `nnUNetTrainer`.
    public let trainerName: String?
    /// `inference_allowed_mirroring_axes`; empty where the file says none.
    public let mirrorAxes: [Int]
    /// `current_epoch`.
    public let finishedEpochCount: Int
    /// What the trainer was made with (`init_args`).
    public let configuration: String?
    public let fold: String?
    public let plans: JSONValue?
    public let datasetDescription: JSONValue?
    /// The optimizer's momentum by the number of the parameter; empty where the file has none.
    private let momentum: [Int: FileTensor]

    /// Opens a checkpoint; nothing in it is executed, and no tensor is read yet.
    ///
    /// - Throws: ``CheckpointError``.
    public init(contentsOf path: String) throws(CheckpointError) {
        let file = try TorchFile(contentsOf: path)
        let (pickle, root) = (file.pickle, file.pickle.root)
        guard let weightsNode = pickle.member(root, "network_weights") else {
            throw CheckpointError(
                .notUnderstood("it has no network_weights, so nnU-Net's trainer did not write it"), path: path)
        }
        weights = try file.weights(weightsNode)
        func member(_ node: Pickle.NodeID?, _ key: String) -> Pickle.NodeID? {
            node.flatMap { pickle.member($0, key) }
        }
        func document(_ node: Pickle.NodeID?) throws(CheckpointError) -> JSONValue? {
            guard let node, pickle.pairs(node) != nil else { return nil }
            do throws(CheckpointError) { return try pickle.json(node) } catch { throw error.at(path) }
        }
        let arguments = member(root, "init_args")
        trainerName = member(root, "trainer_name").flatMap { pickle.text($0) }
        mirrorAxes =
            (member(root, "inference_allowed_mirroring_axes").flatMap { pickle.sequence($0) } ?? [])
            .compactMap { pickle.integer($0) }
        finishedEpochCount = member(root, "current_epoch").flatMap { pickle.integer($0) } ?? 0
        configuration = member(arguments, "configuration").flatMap { pickle.text($0) }
        fold = member(arguments, "fold").flatMap { node in
            pickle.text(node) ?? pickle.integer(node).map(String.init)
        }
        plans = try document(member(arguments, "plans"))
        datasetDescription = try document(member(arguments, "dataset_json"))
        momentum = Self.momentum(pickle, member(member(root, "optimizer_state"), "state"))
        for tensor in momentum.values { try file.check(tensor) }
    }

    private static func momentum(_ pickle: Pickle, _ state: Pickle.NodeID?) -> [Int: FileTensor] {
        var momentum: [Int: FileTensor] = [:]
        for (key, value) in state.flatMap({ pickle.pairs($0) }) ?? [] {
            // SGD keeps nothing else.
            guard let index = pickle.integer(key), let pairs = pickle.pairs(value), pairs.count == 1,
                pickle.text(pairs[0].key) == "momentum_buffer", let tensor = pickle.tensor(pairs[0].value)
            else { return [:] }
            momentum[index] = tensor
        }
        return momentum
    }

    /// The optimizer's momentum in a network's layout, whose order is that of torch's parameters; nil where the file has
    /// none of this network.
    ///
    /// A parameter without momentum never had a gradient, as the lowest head, whose loss weighs nothing: it begins at 0.
    ///
    /// - Throws: ``CheckpointError`` where its data is damaged.
    public func readMomentum(_ layout: ParameterLayout) throws(CheckpointError) -> AlignedBuffer<Float>? {
        let entries = layout.entries
        guard !momentum.isEmpty,
            momentum.allSatisfy({ entries.indices.contains($0) && entries[$0].shape == $1.shape }),
            momentum.values.reduce(0, { $0 + $1.count * $1.elementType.byteCount }) <= weights.byteCount
        else { return nil }
        let buffer = AlignedBuffer<Float>(count: layout.scalarCount)
        for (index, tensor) in momentum.sorted(by: { $0.key < $1.key }) {
            try weights.read(tensor, into: buffer.pointer + entries[index].offset)
        }
        return buffer
    }
}
