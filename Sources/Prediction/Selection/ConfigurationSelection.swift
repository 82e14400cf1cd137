import Datasets
import Documents
import Evaluation

/// Finds the best model, or pair of models, of a dataset by cross-validation, and the postprocessing that suits it.
///
/// Source: nnU-Net. Every candidate's validation predictions are brought together and scored, then the mean of every pair
/// of candidates. The highest mean Dice over the classes wins, the first on ties; single models come before pairs, and
/// scores that are not defined (NaN) never win.
public struct ConfigurationSelection: Sendable {
    /// A candidate or a pair of them, and how it scored.
    public struct Result: Sendable {
        public let identifier: String
        public let members: [ModelCandidate]
        /// Its label maps with `summary.json`, `dataset.json` and `plans.json`.
        public let folder: String
        public let summary: EvaluationSummary

        public var dice: Double { summary.foregroundMeanDice }

        package init(identifier: String, members: [ModelCandidate], folder: String, summary: EvaluationSummary) {
            self.identifier = identifier
            self.members = members
            self.folder = folder
            self.summary = summary
        }
    }

    /// What was found.
    public struct Outcome: Sendable {
        /// In the order in which they were scored.
        public let results: [Result]
        public let best: Result
        public let postprocessing: PostprocessingSearch.Outcome

        package init(results: [Result], best: Result, postprocessing: PostprocessingSearch.Outcome) {
            self.results = results
            self.best = best
            self.postprocessing = postprocessing
        }
    }

    public let dataset: DatasetName
    public let candidates: [ModelCandidate]
    public let folds: [FoldName]
    /// Whether pairs of models compete, too.
    public var comparesPairs = true
    /// Whether scores from before are taken as they are.
    public var keepsComplete = false
    /// At most so many cases at a time; as many as threads when absent.
    public var caseLimit: Int?
    private let workspace: Workspace

    /// - Precondition: at least one candidate.
    public init(dataset: DatasetName, candidates: [ModelCandidate], folds: [FoldName], in workspace: Workspace) {
        precondition(!candidates.isEmpty, "there is nothing to choose from")
        self.dataset = dataset
        self.candidates = candidates
        self.folds = folds
        self.workspace = workspace
    }

    /// - Parameter progress: called with what is done now, and how many cases of it are done and to do, from any thread.
    public func run(
        progress: @escaping @Sendable (_ title: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws -> Outcome {
        let referenceFolder = try CrossValidation.referenceFolder(of: dataset, in: workspace)
        var results = try candidates.map { candidate in
            try score(candidate, referenceFolder) { progress("Comparing \(candidate.identifier)", $0, $1) }
        }
        if comparesPairs {
            for first in candidates.indices {
                for second in candidates.indices.dropFirst(first + 1) {
                    results.append(
                        try score([candidates[first], candidates[second]], referenceFolder, progress: progress))
                }
            }
        }
        let scored = results.filter { !$0.dice.isNaN }
        guard let highest = scored.map(\.dice).max(), let best = scored.first(where: { $0.dice == highest }) else {
            throw SelectionError.nothingScored(identifiers: results.map(\.identifier))
        }
        let search = PostprocessingSearch(
            description: try DatasetDescription(contentsOf: best.folder + "/dataset.json"),
            predictionFolder: best.folder, referenceFolder: referenceFolder, caseLimit: caseLimit)
        let postprocessing = try search.run { progress("Postprocessing", $0, $1) }
        try search.write(postprocessing) { progress("Writing postprocessed label maps", $0, $1) }
        return Outcome(results: results, best: best, postprocessing: postprocessing)
    }

    /// Scores one model over all folds.
    private func score(
        _ candidate: ModelCandidate, _ referenceFolder: String,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) throws -> Result {
        let description = try DatasetDescription(contentsOf: candidate.folder + "/dataset.json")
        let names = folds.map(\.description)
        let summary = try CrossValidation.accumulate(
            modelFolder: candidate.folder, folds: names, referenceFolder: referenceFolder,
            comparison: FolderComparison(description: description, caseLimit: caseLimit), keepsComplete: keepsComplete,
            progress: progress)
        return Result(
            identifier: candidate.identifier, members: [candidate],
            folder: candidate.folder + "/" + CrossValidation.folderName(folds: names), summary: summary)
    }

    /// Averages and scores several models.
    private func score(
        _ members: [ModelCandidate], _ referenceFolder: String,
        progress: @escaping @Sendable (_ title: String, _ done: Int, _ total: Int) -> Void
    ) throws -> Result {
        let identifier = Self.identifier(of: members, folds: folds)
        let folder = try workspace.resultsFolder(of: dataset) + "/ensembles/" + identifier
        let description = try DatasetDescription(contentsOf: members[0].folder + "/dataset.json")
        let comparison = FolderComparison(
            description: description, allowsMissingPredictions: true, caseLimit: caseLimit)
        if keepsComplete, let summary = EvaluationSummary.existing(in: folder, targets: comparison.targets) {
            return Result(identifier: identifier, members: members, folder: folder, summary: summary)
        }
        let cases = try EnsembleCase.matching(modelFolders: members.map(\.folder), folds: folds)
        let job = try EnsembleJob(cases: cases, description: description, outputFolder: folder)
        try FileAccess.remove(folder)
        try job.run(limit: caseLimit) { progress("Averaging \(identifier)", $0, $1) }
        try job.copyDocuments(from: members[0].folder)
        let summary = try comparison.run(referenceFolder: referenceFolder, predictionFolder: folder) {
            progress("Comparing \(identifier)", $0, $1)
        }
        try summary.write(to: folder + "/summary.json")
        return Result(identifier: identifier, members: members, folder: folder, summary: summary)
    }

    /// nnU-Net's name of an ensemble: `ensemble___MODEL___MODEL___0_1_2_3_4`.
    package static func identifier(of members: [ModelCandidate], folds: [FoldName]) -> String {
        (["ensemble"] + members.map(\.identifier) + [folds.map(\.description).joined(separator: "_")])
            .joined(separator: "___")
    }
}
