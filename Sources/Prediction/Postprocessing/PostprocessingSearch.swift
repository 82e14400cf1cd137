import Datasets
import Documents
import Evaluation

/// Finds the postprocessing that improves the predictions of a whole dataset.
///
/// Source: nnU-Net. First all foreground labels together: accepted if the mean Dice over the classes rises and no class
/// falls. Then, with more than one class or region, each by itself in the declared order, on top of what was accepted
/// before: accepted if its own mean Dice rises. A mean that is not defined (NaN) neither rises nor falls.
public struct PostprocessingSearch: Sendable {
    /// How one step did.
    public struct Trial: Sendable, Equatable {
        public let step: Postprocessing.Step
        /// Mean Dice without and with the step: over all classes for the first step, else of its own class.
        public let before: Double
        public let after: Double
        public let isAccepted: Bool
    }

    /// What was found.
    public struct Outcome: Sendable {
        public let postprocessing: Postprocessing
        public let trials: [Trial]
        /// Scores of the predictions as they were, and postprocessed.
        public let before: EvaluationSummary
        public let after: EvaluationSummary

        package init(
            postprocessing: Postprocessing, trials: [Trial], before: EvaluationSummary, after: EvaluationSummary
        ) {
            self.postprocessing = postprocessing
            self.trials = trials
            self.before = before
            self.after = after
        }
    }

    public let predictionFolder: String
    public let referenceFolder: String
    private let comparison: FolderComparison
    private let foregroundLabels: [Int]

    /// - Parameters:
    ///   - referenceFolder: the true label maps; more of them than predictions are allowed.
    ///   - caseLimit: at most so many cases at a time; as many as threads when absent.
    public init(
        description: DatasetDescription, predictionFolder: String, referenceFolder: String, caseLimit: Int? = nil
    ) {
        self.init(
            comparison: FolderComparison(
                description: description, allowsMissingPredictions: true, caseLimit: caseLimit),
            foregroundLabels: description.labelManager.foregroundLabels, predictionFolder: predictionFolder,
            referenceFolder: referenceFolder)
    }

    package init(
        comparison: FolderComparison, foregroundLabels: [Int], predictionFolder: String, referenceFolder: String
    ) {
        self.comparison = comparison
        self.foregroundLabels = foregroundLabels
        self.predictionFolder = predictionFolder
        self.referenceFolder = referenceFolder
    }

    /// Tries all steps; writes nothing.
    ///
    /// - Parameter progress: called after each case of each trial with the number of comparisons done and to do, from
    ///   any thread.
    public func run(
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PostprocessingError) -> Outcome {
        let targets = comparison.targets
        let perClass = targets.count > 1 ? targets : []
        var passCount = 0
        func scores(_ postprocessing: Postprocessing) throws(PostprocessingError) -> EvaluationSummary {
            let (pass, total) = (passCount, 2 + perClass.count)
            passCount += 1
            return try self.scores(postprocessing) { done, count in progress(pass * count + done, total * count) }
        }

        let before = try scores(Postprocessing())
        var best = (postprocessing: Postprocessing(), summary: before)
        let all = Postprocessing.Step(labels: foregroundLabels)
        let together = try scores(Postprocessing(steps: [all]))
        let rises = together.foregroundMeanDice > before.foregroundMeanDice
        let falls = zip(together.meanDicePerTarget, before.meanDicePerTarget).contains { $0 < $1 }
        if rises && !falls { best = (Postprocessing(steps: [all]), together) }
        var trials = [
            Trial(
                step: all, before: before.foregroundMeanDice, after: together.foregroundMeanDice,
                isAccepted: rises && !falls)
        ]
        for (index, target) in perClass.enumerated() {
            let candidate = Postprocessing(steps: best.postprocessing.steps + [Self.step(target)])
            let summary = try scores(candidate)
            let dice = (best.summary.meanDicePerTarget[index], summary.meanDicePerTarget[index])
            trials.append(
                Trial(step: Self.step(target), before: dice.0, after: dice.1, isAccepted: dice.1 > dice.0))
            if dice.1 > dice.0 { best = (candidate, summary) }
        }
        return Outcome(postprocessing: best.postprocessing, trials: trials, before: before, after: best.summary)
    }

    private static func step(_ target: EvaluationTarget) -> Postprocessing.Step {
        switch target {
        case .label(let label): Postprocessing.Step(labels: [label], isSingleLabel: true)
        case .region(let labels): Postprocessing.Step(labels: labels)
        }
    }

    private func scores(
        _ postprocessing: Postprocessing, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) throws(PostprocessingError) -> EvaluationSummary {
        var comparison = comparison
        comparison.adjustPrediction = { postprocessing.apply(to: &$0) }
        do {
            return try comparison.run(
                referenceFolder: referenceFolder, predictionFolder: predictionFolder, progress: progress)
        } catch { throw .evaluation(error) }
    }

    /// Writes what was found: `postprocessing.json` beside the predictions, `summary.json` where it is missing there,
    /// and the postprocessed label maps with their scores in `postprocessed`, unless they are not wanted.
    public func write(
        _ outcome: Outcome, keepsLabelMaps: Bool = true,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PostprocessingError) {
        let folder = predictionFolder + "/postprocessed"
        do {
            try FileAccess.remove(folder)
            let summary = predictionFolder + "/summary.json"
            if !FileAccess.exists(summary) { try outcome.before.write(to: summary) }
        } catch { throw .file(error) }
        if keepsLabelMaps {
            let job = try PostprocessingJob(
                outcome.postprocessing, inputFolder: predictionFolder, outputFolder: folder,
                fileEnding: comparison.fileEnding)
            try job.run(limit: comparison.caseLimit, progress: progress)
            do { try outcome.after.moved(to: folder).write(to: folder + "/summary.json") } catch { throw .file(error) }
        }
        let document = PostprocessingFile.document(
            of: outcome.postprocessing, before: outcome.before, after: outcome.after)
        do {
            try FileAccess.replace(
                "\(predictionFolder)/\(PostprocessingFile.name)", with: document.text(indent: 4, sortedKeys: true))
        } catch { throw .file(error) }
    }
}
