import Curriculum
import Datasets
import Documents
import Networks
import Objectives
import Patches
import Prediction

/// What the training of one fold is made from: plans, cases and network, all read and checked, nothing written.
public struct FoldSetup: Sendable {
    public let configuration: RunConfiguration
    public let dataset: DatasetName
    public let fold: FoldName
    public let plans: Plans
    public let plan: Configuration
    public let description: DatasetDescription
    public let store: CaseStore
    public let split: FoldSplit
    public let schedule: Schedule
    public let architecture: UNetArchitecture
    /// `DatasetXXX_Name` among the preprocessed.
    public let preprocessedFolder: String
    /// `…/TRAINER__PLANS__CONFIGURATION`.
    public let modelFolder: String
    /// `modelFolder/fold_k`.
    public var folder: String { modelFolder + "/" + fold.folderName }

    /// - Throws: the error of whatever is missing or does not fit.
    public init(_ configuration: RunConfiguration, fold: FoldName, workspace: Workspace) throws {
        self.configuration = configuration
        self.fold = fold
        dataset = try DatasetName.resolve(configuration.dataset, in: workspace)
        preprocessedFolder = try workspace.preprocessedFolder(of: dataset)
        plans = try Plans(contentsOf: "\(preprocessedFolder)/\(configuration.plans).json")
        plan = try plans.configuration(named: configuration.configuration)
        description = try DatasetDescription(contentsOf: preprocessedFolder + "/dataset.json")
        architecture = try UNetArchitecture(
            configuration: plan, inputChannelCount: description.channelNames.count,
            headCount: description.labelManager.headCount)
        schedule = try Schedule(
            scheme: configuration.scheme, maximalPatchSize: plan.patchSize, poolings: plan.poolings,
            batchSize: plan.batchSize, epochs: configuration.epochs,
            iterationsPerEpoch: configuration.iterationsPerEpoch)
        store = try CaseStore(folder: "\(preprocessedFolder)/\(plan.dataIdentifier)")
        try store.check(plans: plans, configuration: plan)
        let splits = try Splits(
            contentsOf: preprocessedFolder + "/splits_final.json", identifiers: store.identifiers)
        split = try splits.split(for: fold, identifiers: store.identifiers)
        modelFolder = try workspace.modelFolder(
            of: dataset, trainer: configuration.scheme.rawValue, plans: plans.name, configuration: plan.name)
    }

    /// The number of folds that the splits of a dataset have.
    public static func foldCount(_ configuration: RunConfiguration, workspace: Workspace) throws -> Int {
        let dataset = try DatasetName.resolve(configuration.dataset, in: workspace)
        let folder = try workspace.preprocessedFolder(of: dataset)
        let plans = try Plans(contentsOf: "\(folder)/\(configuration.plans).json")
        let plan = try plans.configuration(named: configuration.configuration)
        if let reason = plan.reasonAgainstTraining {
            throw PredictionError.configurationUnsupported(name: plan.name, plans: plans.path, reason: reason)
        }
        let store = try CaseStore(folder: "\(folder)/\(plan.dataIdentifier)")
        return try Splits(contentsOf: folder + "/splits_final.json", identifiers: store.identifiers).folds.count
    }

    /// The objective of the plan.
    public var loss: LossDescription {
        let labels = description.labelManager
        return LossDescription(
            headCount: labels.headCount, kind: labels.regions.map { .regions($0) } ?? .labels,
            ignoreLabel: labels.ignoreLabel, usesBatchDice: plan.batchDice,
            levelWeights: LossDescription.levelWeights(decoderLevelCount: architecture.levelCount - 1))
    }

    /// What the optimizer steps of this fold are compiled from.
    public var stepSettings: StepSettings {
        StepSettings(
            architecture: architecture, loss: loss, engine: configuration.engine,
            precision: configuration.computedPrecision, maximalPatchSize: plan.patchSize)
    }

    /// How a stage's batch is cut.
    public func microBatches(patchSize: [Int], batchSize: Int) -> MicroBatchPlan {
        stepSettings.microBatches(patchSize: patchSize, batchSize: batchSize)
    }

    func trainingBatches(_ configuration: RunConfiguration) throws -> TrainingBatches {
        try TrainingBatches(
            cases: CaseLibrary(store: store, identifiers: split.train), channelCount: architecture.inputChannelCount,
            maskedChannels: plan.useMaskForNorm, labels: description.labelManager, schedule: schedule,
            seed: configuration.seed, construction: configuration.batchConstruction,
            mirrorAxes: configuration.mirrorAxes)
    }

    func validationBatches(_ configuration: RunConfiguration) throws -> ValidationBatches {
        try ValidationBatches(
            cases: CaseLibrary(store: store, identifiers: split.validation.isEmpty ? split.train : split.validation),
            channelCount: architecture.inputChannelCount, labels: description.labelManager, patchSize: plan.patchSize,
            batchSize: plan.batchSize, seed: configuration.seed)
    }

    /// The original label maps that the validation is scored against.
    var referenceFolder: String { preprocessedFolder + "/gt_segmentations" }
}
