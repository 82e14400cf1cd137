import Documents

/// Brings the validation predictions of several folds together and scores them as one set.
public enum CrossValidation {
    /// The folder beside the folds' folders that holds the result, e.g. `crossval_results_folds_0_1_2_3_4`.
    public static func folderName(folds: [String]) -> String {
        "crossval_results_folds_" + folds.joined(separator: "_")
    }

    /// Copies the predictions of all folds into one folder, with `dataset.json` and `plans.json`, and writes
    /// `summary.json` there: last, so that a folder with a summary is complete.
    ///
    /// - Parameters:
    ///   - modelFolder: the run folder, with `fold_k/validation` for every fold.
    ///   - folds: what stands behind `fold_`: numbers or `all`.
    ///   - referenceFolder: the label maps of all training cases; those of no fold's validation set are left out.
    ///   - comparison: how to score; references without a prediction are always allowed here.
    ///   - outputFolder: ``folderName(folds:)`` in the run folder when absent.
    ///   - keepsComplete: whether a complete folder from before is taken as it is; otherwise it is replaced.
    /// - Throws: ``EvaluationError`` for a fold without predictions and for a case predicted by two folds.
    public static func accumulate(
        modelFolder: String, folds: [String], referenceFolder: String, comparison: FolderComparison,
        outputFolder: String? = nil, keepsComplete: Bool = false,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> EvaluationSummary {
        let output = outputFolder ?? FolderComparison.join(modelFolder, folderName(folds: folds))
        if keepsComplete, let summary = EvaluationSummary.existing(in: output, targets: comparison.targets) {
            return summary
        }
        var sources: [(name: String, fold: String, path: String)] = []
        for fold in folds {
            let folder = FolderComparison.join(modelFolder, "fold_\(fold)/validation")
            guard FileAccess.isFolder(folder) else { throw .foldNotValidated(fold: fold, folder: folder) }
            let names = try catchingFileError { () throws(FileError) in try FileAccess.list(folder) }
            for name in names where name.hasSuffix(comparison.fileEnding) && !name.hasPrefix(".") {
                if let other = sources.first(where: { $0.name == name }) {
                    throw .predictedTwice(name: name, folds: [other.fold, fold], modelFolder: modelFolder)
                }
                sources.append((name, fold, FolderComparison.join(folder, name)))
            }
        }
        try catchingFileError { () throws(FileError) in
            try FileAccess.remove(output)
            try FileAccess.makeFolder(output)
            for name in ["dataset.json", "plans.json"] {
                try FileAccess.replace(
                    FolderComparison.join(output, name), with: FileAccess.read(FolderComparison.join(modelFolder, name))
                )
            }
            for source in sources {
                try FileAccess.replace(FolderComparison.join(output, source.name), with: FileAccess.read(source.path))
            }
        }
        var comparison = comparison
        comparison.allowsMissingPredictions = true
        let summary = try comparison.run(
            referenceFolder: referenceFolder, predictionFolder: output, progress: progress)
        try catchingFileError { () throws(FileError) in
            try summary.write(to: FolderComparison.join(output, "summary.json"))
        }
        return summary
    }

    private static func catchingFileError<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(EvaluationError) -> Result {
        do { return try body() } catch { throw .file(error) }
    }
}
