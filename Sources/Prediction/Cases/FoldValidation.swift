import Datasets
import Documents
import Evaluation

/// The validation that ends the training of a fold: its validation cases are predicted from the store and scored
/// against the original label maps.
///
/// Every rank calls ``predict(_:with:rank:size:progress:)``; when all have come back and none reports a failure, one
/// rank calls ``score(progress:)``.
public struct FoldValidation: Sendable {
    public let store: CaseStore
    public let description: DatasetDescription
    /// The original label maps, `gt_segmentations`.
    public let referenceFolder: String
    /// Where predictions and `summary.json` go, e.g. `fold_0/validation`.
    public let folder: String

    public init(store: CaseStore, description: DatasetDescription, referenceFolder: String, folder: String) {
        self.store = store
        self.description = description
        self.referenceFolder = referenceFolder
        self.folder = folder
    }

    /// Predicts this rank's share of the cases.
    ///
    /// - Parameter identifiers: the validation cases of the fold, the same on all ranks.
    /// - Returns: the cases that failed.
    public func predict(
        _ identifiers: [String], with predictor: Predictor, rank: Int = 0, size: Int = 1,
        progress: @escaping (PredictionProgress) -> Void = { _ in }
    ) throws -> [CaseFailure] {
        try FileAccess.makeFolder(folder)
        return CaseQueue(identifiers, rank: rank, size: size).run(
            into: PredictionFiles(folder: folder, fileEnding: description.fileEnding), progress: progress
        ) { identifier, patches in try predictor.predict(store.open(identifier), progress: patches) }
    }

    /// Scores what all ranks have predicted and writes `summary.json`.
    public func score(
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> EvaluationSummary {
        let summary = try FolderComparison(description: description, allowsMissingPredictions: true).run(
            referenceFolder: referenceFolder, predictionFolder: folder, progress: progress)
        try summary.write(to: folder + "/summary.json")
        return summary
    }
}
