import Datasets
import Documents
import TestSupport
import Testing
import Volumes

@Suite struct PlansTests {
    private let full = #"""
        "data_identifier": "nnUNetPlans_3d_fullres", "batch_size": 2, "patch_size": [80, 192, 160],
        "median_image_size_in_voxels": [252.0, 512.0, 512.0], "spacing": [1.24, 0.78, 0.78],
        "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [false],
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": {"is_seg": false, "order": 3, "order_z": 0, "force_separate_z": null},
        "resampling_fn_probabilities_kwargs": {"is_seg": false, "order": 1, "order_z": 0, "force_separate_z": true},
        "batch_dice": true, "unknown": [1, {"deep": 1.50}]
        """#
    private let architecture = #"""
        "architecture": {"network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {"n_stages": 3, "features_per_stage": [32, 64, 128], "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [2, 2, 2], "n_conv_per_stage_decoder": [2, 2], "conv_bias": true,
        "norm_op_kwargs": {"eps": 1e-05, "affine": true}}}
        """#

    private func plans(_ configurations: String, more: String = "") throws -> Plans {
        try Plans(
            json: JSONValue(
                parsing: #"""
                    {"dataset_name": "Dataset006_Lung", "plans_name": "nnUNetPlans", "transpose_forward": [2, 0, 1],
                    "transpose_backward": [1, 2, 0], "configurations": {\#(configurations)}, "label_manager": "LabelManager",
                    "foreground_intensity_properties_per_channel": {"0": {"mean": 1, "std": 2.5, "median": 1,
                    "percentile_99_5": 9, "percentile_00_5": -3, "min": -4, "max": 10}}, "mine": null\#(more)}
                    """#), path: "nnUNetPlans.json")
    }

    @Test("values of a configuration") func values() throws {
        let plans = try plans("\"3d_fullres\": {\(full), \(architecture)}")
        #expect(plans.transposeForward == [2, 0, 1] && plans.transposeBackward == [1, 2, 0])
        #expect(plans.intensityProperties.map(\.percentile005) == [-3])
        let configuration = try plans.configuration(named: "3d_fullres")
        #expect(configuration.patchSize == [80, 192, 160] && configuration.batchDice && configuration.batchSize == 2)
        #expect(configuration.normalizationSchemes == [.ct] && configuration.useMaskForNorm == [false])
        #expect(configuration.imageResampling == ResamplingRule(order: .cubic))
        #expect(configuration.labelResampling == ResamplingRule(order: .linear))
        #expect(configuration.probabilityResampling == ResamplingRule(order: .linear, forceSeparateZ: true))
        #expect(configuration.poolings == [1, 2, 2] && configuration.architecture.levelCount == 3)
        #expect(configuration.architecture.featuresPerLevel == [32, 64, 128])
        #expect(configuration.architecture.shortClassName == "PlainConvUNet")
    }

    @Test("unknown keys, order and numbers survive reading and writing") func roundTrip() throws {
        let plans = try plans("\"3d_fullres\": {\(full), \(architecture)}")
        try TestFiles.withTemporaryFolder { folder in
            try plans.write(to: folder + "/p.json")
            let again = try Plans(contentsOf: folder + "/p.json")
            #expect(again.json.text() == plans.json.text())
        }
    }

    @Test("inheritance over several levels, the child's keys win") func inheritance() throws {
        let plans = try plans(
            """
            "b": {"inherits_from": "a", "batch_size": 5}, "a": {"inherits_from": "3d_fullres", "batch_size": 4,
            "patch_size": [16, 16, 16]}, "3d_fullres": {\(full), \(architecture)}
            """)
        let configuration = try plans.configuration(named: "b")
        #expect(configuration.batchSize == 5 && configuration.patchSize == [16, 16, 16])
        #expect(configuration.dataIdentifier == "nnUNetPlans_3d_fullres")
    }

    @Test("circles and missing parents are named") func brokenInheritance() throws {
        let plans = try plans(#""a": {"inherits_from": "b"}, "b": {"inherits_from": "a"}, "c": {"inherits_from": "d"}"#)
        var error = #expect(throws: DatasetError.self) { try plans.configuration(named: "a") }
        #expect(error?.description.contains("a → b → a") == true)
        error = #expect(throws: DatasetError.self) { try plans.configuration(named: "c") }
        #expect(error?.description.contains("no configuration \"d\", which \"c\" inherits from") == true)
    }

    @Test("plans from before the architecture block are converted") func oldPlans() throws {
        let plans = try plans(
            #"""
            "3d_fullres": {\#(full), "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 32,
            "n_conv_per_stage_encoder": [2, 2, 2, 2, 2], "n_conv_per_stage_decoder": [2, 2, 2, 2],
            "num_pool_per_axis": [3, 4, 4], "unet_max_num_features": 320,
            "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2]],
            "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]}
            """#)
        let configuration = try plans.configuration(named: "3d_fullres")
        #expect(configuration.architecture.featuresPerLevel == [32, 64, 128, 256, 320])
        #expect(configuration.poolings == [3, 4, 4])
        #expect(
            configuration.architecture.className == "dynamic_network_architectures.architectures.unet.PlainConvUNet")
    }

    @Test("every wrong value of a configuration is named") func wrongValues() throws {
        let plans = try plans(
            #"""
            "x": {"data_identifier": 5, "batch_size": 0, "patch_size": [8, 8], "spacing": [1, 1, 1],
            "normalization_schemes": ["Other"], "use_mask_for_norm": [], "resampling_fn_seg_kwargs": {"order": 3},
            "resampling_fn_data": "resample_torch"}
            """#)
        let error = #expect(throws: DatasetError.self) { try plans.configuration(named: "x") }
        let text = error?.description ?? ""
        for part in [
            "\"data_identifier\" is 5", "\"batch_size\" is 0", "\"spacing\" is [1, 1, 1]; it must be 2 numbers",
            "\"normalization_schemes\" is [\"Other\"]", "\"order\" in \"resampling_fn_seg_kwargs\" is 3",
            "\"resampling_fn_data\" is \"resample_torch\"", "\"strides\" is missing",
        ] {
            #expect(text.contains(part), "\(part) is not in \(text)")
        }
    }

    @Test("normalization by channel name") func normalizationNames() {
        #expect(
            ["CT", "ct", "noNorm", "zscore", "rescale_to_0_1", "rgb_to_0_1", "T2", "MRI"].map {
                NormalizationScheme(channelName: $0)
            }
                == [.ct, .ct, .none, .zScore, .rescaleTo01, .rgbTo01, .zScore, .zScore])
    }
}
