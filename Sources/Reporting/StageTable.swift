import Curriculum

/// The stages of a schedule as a table for people.
public enum StageTable {
    /// Title, table and summary, without a line end after the last line.
    public static func text(of schedule: Schedule) -> String { lines(of: schedule).joined(separator: "\n") }

    /// The lines of ``text(of:)``.
    public static func lines(of schedule: Schedule) -> [String] {
        let full = Double(schedule.batchSize * schedule.maximalPatchSize.reduce(1, *))
        let header = ["stage", "patch D×H×W", "batch", "foreground", "epochs", "iterations", "voxels per iteration"]
        let rows = schedule.stages.map { stage in
            [
                String(stage.index + 1), ReportText.size(stage.patchSize), String(stage.batchSize),
                String(schedule.scheme.foregroundRule.foregroundCount(inBatchOf: stage.batchSize)),
                ReportText.range(stage.firstEpoch..<stage.firstEpoch + stage.epochCount),
                ReportText.range(stage.iterations),
                "\(stage.voxelsPerIteration) "
                    + padded(ReportText.percent(Double(stage.voxelsPerIteration) / full), to: 8),
            ]
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { padded($0, to: $1) }.joined(separator: "   ")
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "───")
        return [title(of: schedule), "", line(header), rule] + rows.map(line) + ["", summary(of: schedule)]
    }

    private static func title(of schedule: Schedule) -> String {
        "\(schedule.scheme.rawValue): \(schedule.stages.count) \(noun(of: schedule)) up to "
            + "\(ReportText.size(schedule.maximalPatchSize)), plan's batch \(schedule.batchSize), poolings "
            + "\(schedule.poolings.map(String.init).joined(separator: " ")), \(schedule.epochs) epochs of "
            + "\(schedule.iterationsPerEpoch) iterations"
    }

    private static func noun(of schedule: Schedule) -> String {
        let noun = schedule.isRandom ? "patch" : "stage"
        return schedule.stages.count == 1 ? noun : schedule.isRandom ? "patches" : "stages"
    }

    private static func summary(of schedule: Schedule) -> String {
        let share = "\(ReportText.percent(schedule.voxelShare)) of the voxels that cps shows."
        switch schedule.scheme {
        case .rpss: return "Every iteration draws one of these patches. Expected to show \(share)"
        case .progressiveResolution:
            return "Patches are cut and augmented at \(ReportText.size(schedule.maximalPatchSize)), then resampled to "
                + "these tensors. Shows \(share)"
        case .cps, .pgps, .pgpsPlus, .pgpsEfficiency, .pgpsPerformance: return "Shows \(share)"
        }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
