import Documents

/// Makes plans from a fingerprint: target spacing, axis order, patch, batch and network.
///
/// Source: nnU-Net's experiment planners. Only `3d_fullres` is written; the low-resolution search runs because
/// `batch_dice` depends on its outcome.
public struct ExperimentPlanner: Sendable {
    public let fingerprint: Fingerprint
    public let description: DatasetDescription
    public let datasetName: String
    public let preset: PlannerPreset
    /// The GPU memory to plan for, in gigabytes: how large patch and batch become.
    public let memoryTarget: Double
    public let plansName: String
    /// Replaces the median spacing, raw axis order `[D, H, W]`.
    public let overwriteTargetSpacing: [Double]?

    static let anisotropyThreshold = 3.0
    private static let lowResolutionThreshold = 0.25

    public init(
        fingerprint: Fingerprint, description: DatasetDescription, datasetName: String,
        preset: PlannerPreset = .standard, memoryTarget: Double? = nil, plansName: String? = nil,
        overwriteTargetSpacing: [Double]? = nil
    ) {
        self.fingerprint = fingerprint
        self.description = description
        self.datasetName = datasetName
        self.preset = preset
        self.memoryTarget = memoryTarget ?? preset.referenceGigabytes
        self.plansName = plansName ?? preset.plansName
        self.overwriteTargetSpacing = overwriteTargetSpacing
    }

    /// The plans.
    ///
    /// - Parameter existing: plans that stand in the way; configurations that the new ones do not have are kept.
    /// - Throws: ``DatasetError/planning(_:)`` for a dataset of single slices, and for impossible options.
    public func plan(keeping existing: Plans? = nil, path: String = "the new plans") throws(DatasetError) -> Plans {
        if let spacing = overwriteTargetSpacing, spacing.count != 3 || !spacing.allSatisfy({ $0 > 0 && $0.isFinite }) {
            throw .planning(
                "the target spacing \(spacing) must be three numbers above 0, millimetres in the order D H W")
        }
        guard memoryTarget > 0, memoryTarget.isFinite else {
            throw .planning("the memory target is \(memoryTarget) GB; it must be above 0")
        }
        let geometry = PlannedGeometry(fingerprint: fingerprint, overwriteTargetSpacing: overwriteTargetSpacing)
        guard geometry.medianShape[0] != 1 else {
            throw .planning(
                "the median shape of \(datasetName) is \(geometry.medianShape): these are single slices, for which "
                    + "there is no 3d_fullres configuration")
        }
        let planner = PatchPlanner(preset: preset, memoryTarget: memoryTarget, classCount: description.labels.count)
        let full = planner.plan(
            spacing: geometry.spacing, medianShape: geometry.medianShape,
            datasetVoxelCount: geometry.medianVoxelCount * Double(description.trainingCaseCount))
        let low = lowResolution(geometry: geometry, full: full, planner: planner)
        var configurations = JSONObject()
        configurations["3d_fullres"] = configurationJSON(
            full, spacing: geometry.spacing, medianShape: geometry.medianShape,
            identifier: dataIdentifier(for: "3d_fullres"), batchDice: low != nil)
        for (name, value) in existing?.json["configurations"]?.object?.members ?? [] where configurations[name] == nil {
            configurations[name] = value
        }
        return try Plans(json: document(geometry: geometry, configurations: configurations), path: path)
    }

    /// A plan at coarser spacing.
    package struct LowResolution: Sendable, Equatable {
        package var spacing: [Double]
        package var medianShape: [Double]
        package var result: PatchPlanner.Result
    }

    /// Coarsens the spacing until a patch holds a quarter of the median case; nil where that is not needed or the
    /// result differs too little from full resolution.
    package func lowResolution(
        geometry: PlannedGeometry, full: PatchPlanner.Result, planner: PatchPlanner
    ) -> LowResolution? {
        var spacing = geometry.spacing
        var medianVoxels = geometry.medianVoxelCount
        var patchVoxels = full.topology.patchSize.reduce(1.0) { $0 * Double($1) }
        var found: LowResolution?
        while patchVoxels / medianVoxels < Self.lowResolutionThreshold {
            let coarsest = spacing.max() ?? 1
            let isAnisotropic = spacing.contains { coarsest / $0 > 2 }
            spacing = spacing.map { !isAnisotropic || coarsest / $0 > 2 ? $0 * 1.03 : $0 }
            let shape = spacing.indices.map { geometry.spacing[$0] / spacing[$0] * geometry.medianShape[$0] }
            medianVoxels = shape.reduce(1, *)
            let rounded = shape.map { $0.rounded(.toNearestOrEven) }
            let result = planner.plan(
                spacing: spacing, medianShape: rounded,
                datasetVoxelCount: medianVoxels * Double(description.trainingCaseCount))
            patchVoxels = result.topology.patchSize.reduce(1.0) { $0 * Double($1) }
            found = LowResolution(spacing: spacing, medianShape: rounded, result: result)
        }
        return geometry.medianVoxelCount / medianVoxels < 2 ? nil : found
    }

    private func dataIdentifier(for configuration: String) -> String {
        // The residual presets share the full-resolution cases of the standard planner.
        (preset.encoder == .residual && plansName == preset.plansName ? "nnUNetPlans" : plansName) + "_" + configuration
    }

    private func document(geometry: PlannedGeometry, configurations: JSONObject) -> JSONValue {
        [
            "dataset_name": .string(datasetName),
            "plans_name": .string(plansName),
            "original_median_spacing_after_transp": .reals(
                geometry.transposed(medianPerAxis(of: fingerprint.spacings))),
            "original_median_shape_after_transp": .integers(
                geometry.transposed(medianPerAxis(of: fingerprint.shapesAfterCrop.map { $0.map(Double.init) }))
                    .map { Int($0.rounded(.toNearestOrEven)) }),
            "image_reader_writer": .string(readerName),
            "transpose_forward": .integers(geometry.transposeForward),
            "transpose_backward": .integers([0, 1, 2].map { geometry.transposeForward.firstIndex(of: $0) ?? $0 }),
            "configurations": .object(configurations),
            "experiment_planner_used": .string(preset.plannerName),
            "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": IntensityProperties.json(
                of: fingerprint.intensityProperties),
        ]
    }

    /// The reader that nnU-Net would choose, so that it can use the plans.
    private var readerName: String {
        let wanted = description.json["overwrite_image_reader_writer"]?.string
        if let wanted, ["SimpleITKIO", "NibabelIO"].contains(wanted) { return wanted }
        return description.fileEnding == ".nii" ? "NibabelIO" : "SimpleITKIO"
    }

    private func configurationJSON(
        _ result: PatchPlanner.Result, spacing: [Double], medianShape: [Double], identifier: String, batchDice: Bool
    ) -> JSONValue {
        let schemes = description.channelNames.map { NormalizationScheme(channelName: $0) }
        let usesMask = fingerprint.medianRelativeSize < 0.75
        let function: JSONValue = "resample_data_or_seg_to_shape"
        func arguments(isSegmentation: Bool, order: Int) -> JSONValue {
            ["is_seg": .bool(isSegmentation), "order": .integer(order), "order_z": 0, "force_separate_z": nil]
        }
        return [
            "data_identifier": .string(identifier),
            "preprocessor_name": "DefaultPreprocessor",
            "batch_size": .integer(result.batchSize),
            "patch_size": .integers(result.topology.patchSize),
            "median_image_size_in_voxels": .reals(medianShape),
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
