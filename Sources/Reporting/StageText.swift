import Curriculum

/// A stage in one phrase.
enum StageText {
    /// `patch 16×16×16, batch 560, epochs 222–332`.
    static func summary(of stage: Stage) -> String {
        let epochs = stage.firstEpoch..<stage.firstEpoch + stage.epochCount
        return "patch \(ReportText.size(stage.patchSize)), batch \(stage.batchSize), "
            + (stage.epochCount == 1 ? "epoch " : "epochs ") + ReportText.range(epochs)
    }
}
