import Documents

extension ExperimentPlanner {
    /// The whole document, keys in nnU-Net's order.
    func document(geometry: PlannedGeometry, configurations: JSONObject, reader: String) -> JSONValue {
        [
            "dataset_name": .string(datasetName),
            "plans_name": .string(plansName),
            "original_median_spacing_after_transp": .reals(
                geometry.transposed(medianPerAxis(of: fingerprint.spacings))),
            "original_median_shape_after_transp": .integers(
                geometry.transposed(medianPerAxis(of: fingerprint.shapesAfterCrop.map { $0.map(Double.init) }))
                    .map { Int($0.rounded(.toNearestOrEven)) }),
            "image_reader_writer": .string(reader),
            "transpose_forward": .integers(geometry.transposeForward),
            "transpose_backward": .integers([0, 1, 2].map { geometry.transposeForward.firstIndex(of: $0) ?? $0 }),
            "configurations": .object(configurations),
            "experiment_planner_used": .string(preset.plannerName),
            "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": IntensityProperties.json(
                of: fingerprint.intensityProperties),
        ]
    }

    /// One entry of `configurations`.
    func configurationJSON(
        _ result: PatchPlanner.Result, name: String, spacing: [Double], medianShape: JSONValue, batchDice: Bool
    ) -> JSONObject {
        let schemes = description.channelNames.map { NormalizationScheme(channelName: $0) }
        let usesMask = fingerprint.medianRelativeSize < 0.75
        let function: JSONValue = "resample_data_or_seg_to_shape"
        func arguments(isSegmentation: Bool, order: Int) -> JSONValue {
            ["is_seg": .bool(isSegmentation), "order": .integer(order), "order_z": 0, "force_separate_z": nil]
        }
        return [
            "data_identifier": .string(dataIdentifier(for: name)),
            "preprocessor_name": "DefaultPreprocessor",
            "batch_size": .integer(result.batchSize),
            "patch_size": .integers(result.topology.patchSize),
            "median_image_size_in_voxels": medianShape,
            "spacing": .reals(spacing),
            "normalization_schemes": .strings(schemes.map(\.rawValue)),
            "use_mask_for_norm": .array(schemes.map { .bool(usesMask && $0 == .zScore) }),
            "resampling_fn_data": function,
            "resampling_fn_seg": function,
            "resampling_fn_data_kwargs": arguments(isSegmentation: false, order: 3),
            "resampling_fn_seg_kwargs": arguments(isSegmentation: true, order: 1),
            "resampling_fn_probabilities": function,
            "resampling_fn_probabilities_kwargs": arguments(isSegmentation: false, order: 1),
            "architecture": architectureJSON(result.topology),
            "batch_dice": .bool(batchDice),
        ]
    }

    /// The folder of a configuration's cases. The residual planners share those of the standard one where spacing and
    /// intensities are the same, whatever their plans are called.
    private func dataIdentifier(for configuration: String) -> String {
        let isShared = preset.encoder == .residual && ["2d", "3d_fullres"].contains(configuration)
        return (isShared ? PlannerPreset.standard.plansName : plansName) + "_" + configuration
    }

    private func architectureJSON(_ topology: NetworkTopology) -> JSONValue {
        let levels = topology.strides.count
        let axisCount = topology.patchSize.count
        let isPlain = preset.encoder == .plain
        var arguments: JSONObject = [
            "n_stages": .integer(levels),
            "features_per_stage": .integers(preset.features(levels: levels, axisCount: axisCount)),
            "conv_op": .string("torch.nn.modules.conv.Conv\(axisCount)d"),
            "kernel_sizes": .array(topology.kernelSizes.map { .integers($0) }),
            "strides": .array(topology.strides.map { .integers($0) }),
        ]
        arguments[isPlain ? "n_conv_per_stage" : "n_blocks_per_stage"] = .integers(preset.encoderCounts(levels: levels))
        arguments["n_conv_per_stage_decoder"] = .integers(preset.decoderCounts(levels: levels))
        arguments["conv_bias"] = true
        arguments["norm_op"] = .string("torch.nn.modules.instancenorm.InstanceNorm\(axisCount)d")
        arguments["norm_op_kwargs"] = ["eps": 1e-05, "affine": true]
        arguments["dropout_op"] = .null
        arguments["dropout_op_kwargs"] = .null
        arguments["nonlin"] = "torch.nn.LeakyReLU"
        arguments["nonlin_kwargs"] = ["inplace": true]
        return [
            "network_class_name": .string(
                "dynamic_network_architectures.architectures.unet."
                    + (isPlain ? "PlainConvUNet" : "ResidualEncoderUNet")),
            "arch_kwargs": .object(arguments),
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        ]
    }
}

extension DatasetDescription {
    /// The reader that nnU-Net would choose, so that it can use the plans.
    package func readerName() throws(DatasetError) -> String {
        let fallback = fileEnding.lowercased() == ".nii" ? "NibabelIO" : "SimpleITKIO"
        guard let wanted = json["overwrite_image_reader_writer"]?.string else { return fallback }
        switch wanted {
        case "SimpleITKIO", "NibabelIO": return wanted
        case "NibabelIOWithReorient", "NaturalImage2DIO", "Tiff3DIO":
            throw .planning(
                "\(path): \"overwrite_image_reader_writer\" is \"\(wanted)\", which is not known here; it "
                    + "must be \"SimpleITKIO\" or \"NibabelIO\" (NIfTI files, axes as they are stored), or missing")
        // nnU-Net passes over names that it does not know, such as "None".
        default: return fallback
        }
    }
}
