import Checkpoints
import Datasets
import Documents
import Networks
import Prediction
import Tensors
import Volumes

/// A model of two resolution levels and a dataset that needs no training: the formula network labels bright voxels.
struct TinyModel {
    var transposeForward = [0, 1, 2]
    var spacing = [1.0, 1.0, 1.0]
    var labels: JSONValue = ["background": 0, "bright": 1]
    var channels: JSONValue = ["0": "noNorm"]
    var otherDescription: JSONObject = [:]

    var descriptionJSON: JSONValue {
        var object: JSONObject = ["numTraining": 1, "file_ending": ".nii.gz"]
        object["channel_names"] = channels
        object["labels"] = labels
        for (key, value) in otherDescription.members { object[key] = value }
        return .object(object)
    }

    var plansJSON: JSONValue {
        let channelCount = channels.object?.count ?? 1
        return [
            "dataset_name": "Dataset900_Tiny", "plans_name": "nnUNetPlans",
            "transpose_forward": .integers(transposeForward), "transpose_backward": [0, 1, 2],
            "configurations": [
                "3d_fullres": [
                    "data_identifier": "nnUNetPlans_3d_fullres", "batch_size": 2, "patch_size": [4, 6, 8],
                    "spacing": .reals(spacing),
                    "normalization_schemes": .strings(Array(repeating: "NoNormalization", count: channelCount)),
                    "use_mask_for_norm": .array(Array(repeating: false, count: channelCount)),
                    "architecture": [
                        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                        "arch_kwargs": [
                            "n_stages": 2, "features_per_stage": [4, 8], "kernel_sizes": [[3, 3, 3], [3, 3, 3]],
                            "strides": [[1, 1, 1], [2, 2, 2]], "n_conv_per_stage": [1, 1],
                            "n_conv_per_stage_decoder": [1], "conv_bias": true,
                            "conv_op": "torch.nn.modules.conv.Conv3d",
                            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                            "norm_op_kwargs": ["eps": 1e-05, "affine": true], "dropout_op": nil,
                            "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": ["inplace": true],
                        ],
                    ],
                ]
            ],
        ]
    }

    /// The label of a voxel is 1 where the first channel exceeds one half, however it is mirrored or joined.
    var network: FormulaNetwork {
        FormulaNetwork(channels: channels.object?.count ?? 1, heads: 2, patchSize: [4, 6, 8]) { head, _, values, _ in
            head == 0 ? 0 : values[0] - 0.5
        }
    }

    func predictor(settings: PredictionSettings = PredictionSettings(mirrorAxes: [0, 1, 2])) throws -> Predictor {
        let plans = try Plans(json: plansJSON, path: "plans.json")
        return Predictor(
            network: network, plans: plans, configuration: try plans.configuration(named: "3d_fullres"),
            labelManager: try DatasetDescription(json: descriptionJSON, path: "dataset.json").labelManager,
            settings: settings)
    }

    /// Writes the documents of a run folder and the checkpoints of folds with different weights.
    func write(to folder: String, folds: [(name: String, mirrorAxes: [Int])] = []) throws {
        try FileAccess.makeFolder(folder)
        try FileAccess.replace(folder + "/plans.json", with: plansJSON.text())
        try FileAccess.replace(folder + "/dataset.json", with: descriptionJSON.text())
        let layout = try ModelFolder(path: folder).architecture.parameterLayout
        for (number, fold) in folds.enumerated() {
            let weights = AlignedBuffer((0..<layout.scalarCount).map { Float(($0 * 37 + number) % 101) / 101 - 0.5 })
            let attributes = CheckpointAttributes(
                scheme: "cps", stage: 0, epoch: 1, iteration: 1, seed: 1, threads: 1, plansName: "nnUNetPlans",
                plansHash: "p", datasetHash: "d", others: ["mirrorAxes": .integers(fold.mirrorAxes)])
            try FileAccess.makeFolder("\(folder)/fold_\(fold.name)")
            try Checkpoint.saveAlone(
                CheckpointContent(
                    layout: layout, weights: weights, momentum: AlignedBuffer(count: layout.scalarCount),
                    attributes: attributes),
                to: "\(folder)/fold_\(fold.name)/checkpoint_final.h5")
        }
    }

    /// A raw image whose outer voxels are zero: 0.25 inside, 0.75 in every third voxel.
    static func image(shape: [Int], channelCount: Int = 1) -> Image {
        var voxels = Tensor<Float>(shape: [channelCount] + shape, repeating: 0)
        for channel in 0..<channelCount {
            for d in 1..<shape[0] - 1 {
                for h in 2..<shape[1] - 1 {
                    for w in 1..<shape[2] - 3 { voxels[channel, d, h, w] = (d + 2 * h + 5 * w) % 3 == 0 ? 0.75 : 0.25 }
                }
            }
        }
        let geometry = Geometry(
            spacing: [1, 1, 1], origin: [12, -3.5, 40], direction: [0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1])
        return Image(voxels: voxels, geometry: geometry)
    }

    /// What the network is to find in such an image.
    static func expectedLabels(_ image: Image) -> [Int32] {
        image.voxels.scalars.prefix(image.voxels.count / image.voxels.shape[0]).map { $0 > 0.5 ? 1 : 0 }
    }
}
