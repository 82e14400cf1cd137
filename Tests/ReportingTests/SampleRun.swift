import Curriculum
import Foundation
import Reporting
import Synchronization
import Training

/// A clock that tests turn by hand; it starts at 2026-03-07 09:05:02.000123.
final class HandClock: Sendable {
    private let elapsed = Mutex(0.0)

    func advance(_ seconds: Double) { elapsed.withLock { $0 += seconds } }

    var clock: ReportClock {
        ReportClock(
            localTime: { [self] in
                let whole = Int(elapsed.withLock { $0 })
                return LocalTime(
                    year: 2026, month: 3, day: 7, hour: 9, minute: 5 + whole / 60, second: 2 + whole % 60,
                    microsecond: 123)
            }, seconds: { [self] in elapsed.withLock { $0 } })
    }
}

/// What a display has written.
final class Screen: Sendable {
    private let written = Mutex("")
    var text: String { written.withLock { $0 } }

    func output(columnCount: Int?) -> RunDisplay.Output {
        RunDisplay.Output(
            columnCount: columnCount.map { count in { count } },
            write: { [self] text in written.withLock { $0 += text } })
    }

    /// Takes what was written since the last call.
    func take() -> String {
        written.withLock { text in
            defer { text = "" }
            return text
        }
    }
}

/// Events of a run as Training sends them.
enum SampleRun {
    static func schedule(scheme: Scheme = .pgpsPerformance, epochs: Int = 18, iterationsPerEpoch: Int = 10) throws
        -> Schedule
    {
        try Schedule(
            scheme: scheme, maximalPatchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9, epochs: epochs,
            iterationsPerEpoch: iterationsPerEpoch)
    }

    static func description(_ schedule: Schedule, folder: String = "/results/fold_0", firstIteration: Int = 0)
        -> RunDescription
    {
        RunDescription(
            folder: folder, dataset: "Dataset004_Hippocampus", configuration: "3d_fullres", plansName: "nnUNetPlans",
            scheme: schedule.scheme, fold: "0", schedule: schedule, patchSize: [40, 56, 40], batchSize: 9,
            trainingCaseCount: 208, validationCaseCount: 52, parameterCount: 5_602_019, rankCount: 2, threadsPerRank: 1,
            engine: "oneDNN 2.6.3, AVX-512, fp32", seed: 1, firstIteration: firstIteration,
            resolvedConfiguration: "dataset: \"4\"\nseed: 1\n")
    }

    static func record(
        _ epoch: Int, trainLoss: Double = -0.51239, validationLoss: Double = -0.5,
        pseudoDice: [Double] = [0.8123456, .nan],
        ema: Double = 0.79996, seconds: Double = 12.3456, wait: Double = 0.5
    ) -> EpochRecord {
        EpochRecord(
            epoch: epoch, stage: 2, patchSize: [8, 16, 16], batchSize: 393,
            learningRate: 0.01 * pow(1 - Double(epoch) / 18, 0.9),
            trainLoss: trainLoss, validationLoss: validationLoss, pseudoDice: pseudoDice, emaPseudoDice: ema,
            voxelsShown: 8_048_640, foregroundShare: 0.5125, classesPerIteration: 1.987654, seconds: seconds,
            dataWaitSeconds: wait)
    }

    /// The events of one iteration, in a run of `schedule`.
    static func iteration(_ iteration: Int, of schedule: Schedule, loss: Double = -0.5, seconds: Double = 0.25)
        -> IterationRecord
    {
        let stage = schedule.stage(atIteration: iteration) { _ in 0 }
        return IterationRecord(
            iteration: iteration, iterationCount: schedule.iterationCount,
            epoch: iteration / schedule.iterationsPerEpoch,
            iterationInEpoch: iteration % schedule.iterationsPerEpoch, iterationsPerEpoch: schedule.iterationsPerEpoch,
            stageIndex: stage.index, stageCount: schedule.stages.count, patchSize: stage.patchSize,
            batchSize: stage.batchSize, loss: loss, seconds: seconds)
    }
}
