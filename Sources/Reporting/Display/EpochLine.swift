import Training

/// Plain lines about an epoch, finished or under way.
enum EpochLine {
    /// A finished epoch.
    static func text(_ record: EpochRecord, isBest: Bool, epochCount: Int, secondsLeft: Double?) -> String {
        var parts = [
            "epoch \(padded(record.epoch, as: epochCount - 1))/\(epochCount - 1)",
            "train_loss \(ReportText.fixed(record.trainLoss, decimals: 4))",
        ]
        if !record.validationLoss.isNaN {
            parts.append("val_loss \(ReportText.fixed(record.validationLoss, decimals: 4))")
        }
        if !record.meanPseudoDice.isNaN {
            parts.append("pseudo Dice \(ReportText.fixed(record.meanPseudoDice, decimals: 4))")
            parts.append("EMA \(ReportText.fixed(record.emaPseudoDice, decimals: 4))\(isBest ? " (best)" : "")")
        }
        parts.append(ReportText.seconds(record.seconds) + wait(record))
        if let secondsLeft, record.epoch + 1 < epochCount { parts.append("\(ReportText.duration(secondsLeft)) left") }
        return parts.joined(separator: "  ")
    }

    /// An epoch that is under way.
    static func text(_ record: IterationRecord, epochCount: Int, secondsLeft: Double?) -> String {
        var parts = [
            "epoch \(padded(record.epoch, as: epochCount - 1))/\(epochCount - 1)",
            "iteration \(record.iterationInEpoch + 1)/\(record.iterationsPerEpoch)",
            "stage \(record.stageIndex + 1) of \(record.stageCount)", ReportText.size(record.patchSize),
            "batch \(record.batchSize)", "loss \(ReportText.fixed(record.loss, decimals: 4))",
            ReportText.seconds(record.seconds),
        ]
        if let secondsLeft { parts.append("\(ReportText.duration(secondsLeft)) left") }
        return parts.joined(separator: "  ")
    }

    /// Waiting for patches is named where it takes more than a hundredth of the time.
    private static func wait(_ record: EpochRecord) -> String {
        guard record.seconds > 0, record.dataWaitSeconds / record.seconds >= 0.01 else { return "" }
        return " (\(ReportText.percent(record.dataWaitSeconds / record.seconds)) of it waiting for patches)"
    }

    private static func padded(_ number: Int, as largest: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, String(largest).count - text.count)) + text
    }
}
