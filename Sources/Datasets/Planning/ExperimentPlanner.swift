import Documents

/// Makes plans from a fingerprint: target spacing, axis order, patch, batch and network.
///
/// Source: nnU-Net's experiment planners. A dataset of volumes gets `2d` and `3d_fullres`, and where a patch shows too
/// little of a case `3d_lowres` and `3d_cascade_fullres` as well; a dataset of single slices gets `2d` alone.
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
    /// - Throws: ``DatasetError/planning(_:)`` for impossible options and for an image reader that is not known here.
    public func plan(keeping existing: Plans? = nil, path: String = "the new plans") throws(DatasetError) -> Plans {
        if let spacing = overwriteTargetSpacing, spacing.count != 3 || !spacing.allSatisfy({ $0 > 0 && $0.isFinite }) {
            throw .planning(
                "the target spacing \(spacing) must be three numbers above 0, millimetres in the order D H W")
        }
        guard memoryTarget > 0, memoryTarget.isFinite else {
            throw .planning("the memory target is \(memoryTarget) GB; it must be above 0")
        }
        let reader = try description.readerName()
        let geometry = PlannedGeometry(fingerprint: fingerprint, overwriteTargetSpacing: overwriteTargetSpacing)
        var configurations = configurations(geometry: geometry)
        for (name, value) in existing?.json["configurations"]?.object?.members ?? [] where configurations[name] == nil {
            configurations[name] = value
        }
        return try Plans(
            json: document(geometry: geometry, configurations: configurations, reader: reader), path: path)
    }

    private func configurations(geometry: PlannedGeometry) -> JSONObject {
        let planner = PatchPlanner(preset: preset, memoryTarget: memoryTarget, classCount: description.labels.count)
        let voxelCount = geometry.medianVoxelCount * Double(description.trainingCaseCount)
        let spacing = (slice: Array(geometry.spacing[1...]), volume: geometry.spacing)
        let shape = (slice: Array(geometry.medianShape[1...]), volume: geometry.medianShape)
        let slices = planner.plan(spacing: spacing.slice, medianShape: shape.slice, datasetVoxelCount: voxelCount)
        var configurations: JSONObject = [
            "2d": .object(
                configurationJSON(
                    slices, name: "2d", spacing: spacing.slice, medianShape: .reals(shape.slice), batchDice: true))
        ]
        // A depth of 1: the cases are single slices.
        guard shape.volume[0] != 1 else { return configurations }
        let full = planner.plan(spacing: spacing.volume, medianShape: shape.volume, datasetVoxelCount: voxelCount)
        let low = lowResolution(geometry: geometry, full: full, planner: planner)
        if let low {
            var entry = configurationJSON(
                low.result, name: "3d_lowres", spacing: low.spacing,
                medianShape: .integers(low.medianShape.map { Int($0) }), batchDice: false)
            entry["next_stage"] = "3d_cascade_fullres"
            configurations["3d_lowres"] = .object(entry)
        }
        configurations["3d_fullres"] = .object(
            configurationJSON(
                full, name: "3d_fullres", spacing: spacing.volume, medianShape: .reals(shape.volume),
                batchDice: low != nil))
        if low != nil {
            configurations["3d_cascade_fullres"] = ["inherits_from": "3d_fullres", "previous_stage": "3d_lowres"]
        }
        return configurations
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
}
