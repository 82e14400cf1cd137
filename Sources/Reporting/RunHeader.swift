import Training

/// What stands at the head of a run's log and of its display.
enum RunHeader {
    static func lines(of run: RunDescription) -> [String] {
        var lines = [
            "\(run.dataset), \(run.configuration), \(run.plansName), scheme \(run.scheme.rawValue), fold \(run.fold)",
            "Folder: \(run.folder)",
            "Cases: \(run.trainingCaseCount) for training, \(run.validationCaseCount) for validation",
            "Network: \(ReportText.grouped(run.parameterCount)) parameters, plan's patch "
                + "\(ReportText.size(run.patchSize)), plan's batch \(run.batchSize)",
            "Machine: \(count(run.rankCount, "rank")), \(count(run.threadsPerRank, "thread")) per rank, \(run.engine)",
            "Seed: \(run.seed)",
        ]
        if run.firstIteration > 0 {
            let total = run.schedule.iterationCount
            lines.append(
                run.firstIteration >= total
                    ? "All \(total) iterations were done before."
                    : "Continues after \(run.firstIteration) of \(total) iterations, in epoch "
                        + "\(run.firstIteration / run.schedule.iterationsPerEpoch).")
        }
        return lines
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
