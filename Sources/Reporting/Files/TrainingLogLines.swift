import Curriculum
import Evaluation
import Training

/// What a training log says about an event: line starts as in nnU-Net's logs, which people and scripts read.
enum TrainingLogLines {
    static func lines(for event: TrainingEvent) -> [String] {
        switch event {
        case .started(let description): header(of: description)
        case .note(let text): split(text)
        case .warning(let text): split("WARNING: " + text)
        case .stageStarted(let stage, let stageCount):
            ["Stage \(stage.index + 1) of \(stageCount): \(StageText.summary(of: stage))"]
        case .epochStarted(let epoch, let learningRate):
            ["", "Epoch \(epoch)", "Current learning rate: \(ReportText.significant(learningRate, digits: 5))"]
        case .iterationEnded: []
        case .epochEnded(let record, let isBest): epoch(record, isBest: isBest)
        case .checkpointSaved(let path, let reason): ["Saved \(path): \(reason)"]
        case .caseValidated(let done, let total, let identifier): ["predicted \(identifier) (\(done) of \(total))"]
        case .validated(let summary, let folder): validation(summary, folder: folder)
        case .finished(let weightsSHA256): ["Training done.", "weightsSHA256: \(weightsSHA256)"]
        }
    }

    /// An epoch that an earlier process began.
    static func continued(_ record: IterationRecord) -> [String] {
        [
            "", "Epoch \(record.epoch)",
            "continued at its iteration \(record.iterationInEpoch) of \(record.iterationsPerEpoch)",
        ]
    }

    /// The end of a run that did not finish.
    static func failure(_ reason: String) -> [String] { split("ERROR: " + reason) }

    /// The lines of a text that is longer than one.
    private static func split(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func header(of run: RunDescription) -> [String] {
        var lines = RunHeader.lines(of: run)
        lines += [""] + StageTable.lines(of: run.schedule)
        lines += ["", "Resolved configuration:"]
        var configuration = split(run.resolvedConfiguration)
        while configuration.last == "" { configuration.removeLast() }
        return lines + configuration.map { "    " + $0 }
    }

    private static func epoch(_ record: EpochRecord, isBest: Bool) -> [String] {
        let dice = record.pseudoDice.map { ReportText.rounded($0, decimals: 4) }.joined(separator: ", ")
        let wait = record.seconds > 0 ? record.dataWaitSeconds / record.seconds : 0
        var lines = [
            "train_loss \(ReportText.rounded(record.trainLoss, decimals: 4))",
            "val_loss \(ReportText.rounded(record.validationLoss, decimals: 4))", "Pseudo dice [\(dice)]",
            "EMA pseudo Dice \(ReportText.rounded(record.emaPseudoDice, decimals: 4))",
            "Shown: \(record.voxelsShown) voxels, foreground in \(ReportText.percent(record.foregroundShare)) of the "
                + "patches, \(ReportText.rounded(record.classesPerIteration, decimals: 2)) classes per iteration",
            "Data wait: \(ReportText.rounded(record.dataWaitSeconds, decimals: 2)) s (\(ReportText.percent(wait)))",
            "Epoch time: \(ReportText.rounded(record.seconds, decimals: 2)) s",
        ]
        if isBest { lines.append("New best EMA pseudo Dice: \(ReportText.rounded(record.emaPseudoDice, decimals: 4))") }
        return lines
    }

    private static func validation(_ summary: EvaluationSummary, folder: String) -> [String] {
        ["Validation complete", "Predictions and summary.json: \(folder)"]
            + zip(summary.targets, summary.meanDicePerTarget).map { target, dice in
                "Mean Dice of \(target.key): \(ReportText.rounded(dice, decimals: 4))"
            }
            + ["Mean Validation Dice: \(summary.foregroundMeanDice)"]
    }
}
