import Archives
import Documents
import Foundation
import Networks

extension TorchCheckpoint {
    /// What nnU-Net wants to know beside the content of a checkpoint.
    public struct Origin: Sendable {
        public var plans: JSONValue
        public var datasetDescription: JSONValue
        public var configuration: String
        /// A number, or `all`.
        public var fold: String

        public init(plans: JSONValue, datasetDescription: JSONValue, configuration: String, fold: String) {
            self.plans = plans
            self.datasetDescription = datasetDescription
            self.configuration = configuration
            self.fold = fold
        }
    }

    /// Writes a checkpoint as nnU-Net's trainer does, which loads it for inference and for training alike.
    ///
    /// The zip archive, pickle and storages of `torch.save`; every key of the state dict, the names of one parameter on
    /// one storage.
    ///
    /// - Throws: ``CheckpointError``; an old file of this name stays whole then.
    public static func write(
        _ content: CheckpointContent, _ origin: Origin, to path: String
    ) throws(CheckpointError) {
        do throws(CheckpointError) {
            try TorchFile.calling { () throws(ArchiveError) in try archive(content, origin, path) }
        } catch {
            guard case .refused(_, let reason) = error.problem else { throw error.at(path) }
            throw CheckpointError(.refused(action: "save", reason: reason), path: path)
        }
    }

    private static func archive(
        _ content: CheckpointContent, _ origin: Origin, _ path: String
    ) throws(ArchiveError) {
        let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
        let writer = try ZipWriter(path: path)
        func add(_ entry: String, _ bytes: [UInt8]) throws(ArchiveError) {
            let result: Result<Void, ArchiveError> = bytes.withUnsafeBytes { buffer in
                do throws(ArchiveError) { return .success(try store(entry, buffer)) } catch { return .failure(error) }
            }
            try result.get()
        }
        func store(_ entry: String, _ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
            try writer.store("\(name)/\(entry)", parts: [bytes], alignment: 64)
        }
        try add("data.pkl", PickleWriter.pickle(document(content, origin)))
        try add("byteorder", Array("little".utf8))
        for (index, tensor) in content.tensors().enumerated() {
            try store("data/\(index)", UnsafeRawBufferPointer(start: tensor.values, count: tensor.entry.count * 4))
        }
        try add("version", Array("3\n".utf8))
        try writer.finish()
    }

    /// Storages are numbered as ``CheckpointContent/tensors()``: the weights, then the momentum.
    private static func document(_ content: CheckpointContent, _ origin: Origin) -> PickleWriter.Value {
        let entries = content.layout.entries
        let numbers = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
        let weights = StateDictNames.keys(of: content.layout).map { key in
            (
                key: PickleWriter.Value.json(.string(key.name)),
                value: PickleWriter.Value.tensor(
                    storage: "\(numbers[key.parameter.name] ?? 0)", shape: key.parameter.shape)
            )
        }
        let attributes = content.attributes
        let axes = attributes.others["mirrorAxes"]?.integers ?? []
        return .object([
            "network_weights": .orderedDictionary(weights), "optimizer_state": optimizer(content),
            "grad_scaler_state": .json(.null), "logging": .json(log(content.metrics)),
            "_best_ema": .json(attributes.others["bestEmaPseudoDice"] ?? .null),
            "current_epoch": .json(.integer(attributes.epoch)),
            "init_args": .object([
                "plans": .json(origin.plans), "configuration": .json(.string(origin.configuration)),
                "fold": .json(Int(origin.fold).map { .integer($0) } ?? .string(origin.fold)),
                "dataset_json": .json(origin.datasetDescription), "device": .device("cpu"),
            ]),
            "trainer_name": .json("nnUNetTrainer"),
            "inference_allowed_mirroring_axes": axes.isEmpty
                ? .json(.null) : .tuple(axes.map { .json(.integer($0)) }),
        ])
    }

    /// The state of torch's SGD: a momentum for each parameter by its number.
    private static func optimizer(_ content: CheckpointContent) -> PickleWriter.Value {
        let entries = content.layout.entries
        let rate = content.metrics.array?.last?["learningRate"]?.number ?? 0.01
        return .object([
            "state": .dictionary(
                entries.enumerated().map { index, entry in
                    (
                        .json(.integer(index)),
                        .object([
                            "momentum_buffer": .tensor(storage: "\(entries.count + index)", shape: entry.shape)
                        ])
                    )
                }),
            "param_groups": .json([
                [
                    "lr": .real(rate), "momentum": 0.99, "dampening": 0, "weight_decay": 3e-5, "nesterov": true,
                    "maximize": false, "foreach": nil, "differentiable": false, "fused": nil, "initial_lr": 0.01,
                    "params": .integers(Array(entries.indices)),
                ]
            ]),
        ])
    }

    /// The log of the epochs under nnU-Net's names. Our log has the length of an epoch only, so time begins at 0.
    private static func log(_ metrics: JSONValue) -> JSONValue {
        let epochs = metrics.array ?? []
        func column(_ key: String) -> JSONValue { .array(epochs.map { $0[key] ?? .real(.nan) }) }
        let means = epochs.map { epoch -> Double in
            let known = (epoch["pseudoDice"]?.numbers ?? []).filter { !$0.isNaN }
            return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
        }
        var starts: [Double] = []
        var ends: [Double] = []
        for epoch in epochs {
            starts.append(ends.last ?? 0)
            ends.append((ends.last ?? 0) + (epoch["seconds"]?.number ?? 0))
        }
        return [
            "mean_fg_dice": .reals(means), "ema_fg_dice": column("emaPseudoDice"),
            "dice_per_class_or_region": column("pseudoDice"), "train_losses": column("trainLoss"),
            "val_losses": column("validationLoss"), "lrs": column("learningRate"),
            "epoch_start_timestamps": .reals(starts), "epoch_end_timestamps": .reals(ends),
        ]
    }
}
