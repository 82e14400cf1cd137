import Curriculum
import Training

/// How long a run will still take, from its schedule and from the iterations it has done.
///
/// Within a stage an iteration takes what the recent ones took. For later stages a line through the stages measured so
/// far gives seconds for voxels: it passes through the present stage, and its slope is not steeper than proportional to
/// the voxels nor falling. Before a second stage is measured, seconds are proportional to voxels. What an epoch takes
/// beside its iterations (validation, checkpoints) is measured too. The final validation is not included.
package struct TimeLeft {
    /// Seconds per iteration of a stage.
    private struct Measurement {
        var count = 0
        var seconds = 0.0

        /// A moving mean over about the last 20 iterations. The first iteration, in which buffers and compiled kernels
        /// are made, counts only until there is a second.
        mutating func add(_ value: Double) {
            seconds += count <= 1 ? value - seconds : (value - seconds) / Double(min(count, 20))
            count += 1
        }
    }

    private let schedule: Schedule
    private var measured: [Int: Measurement] = [:]
    private var current: Int?
    /// When the present epoch began, and the seconds of its iterations.
    private var epochStart: Double?
    private var epochIterationSeconds = 0.0
    private var overhead: Double?
    private var doneIterations: Int
    private var doneEpochs: Int

    package init(schedule: Schedule, firstIteration: Int) {
        self.schedule = schedule
        doneIterations = firstIteration
        doneEpochs = firstIteration / schedule.iterationsPerEpoch
    }

    /// - Parameter now: seconds of the clock when the iteration ended.
    package mutating func iterationEnded(_ record: IterationRecord, now: Double) {
        guard record.seconds.isFinite, schedule.stages.indices.contains(record.stageIndex) else { return }
        measured[record.stageIndex, default: Measurement()].add(record.seconds)
        current = record.stageIndex
        doneIterations = record.iteration + 1
        if epochStart == nil { epochStart = now - record.seconds }
        epochIterationSeconds += record.seconds
    }

    /// - Parameter now: seconds of the clock when the epoch, validation included, had ended.
    package mutating func epochEnded(_ epoch: Int, now: Double) {
        if let epochStart {
            let rest = max(0, now - epochStart - epochIterationSeconds)
            overhead = overhead.map { $0 + (rest - $0) * 0.3 } ?? rest
        }
        epochStart = now
        epochIterationSeconds = 0
        doneEpochs = epoch + 1
    }

    /// Seconds to the end of the last epoch; nil before the first iteration.
    package var seconds: Double? {
        guard let current, let present = measured[current] else { return nil }
        let rest = schedule.isRandom ? randomIterations : plannedIterations(current: current, present: present)
        return rest + Double(max(0, schedule.epochs - doneEpochs)) * (overhead ?? 0)
    }

    private func plannedIterations(current: Int, present: Measurement) -> Double {
        let voxels = Double(schedule.stages[current].voxelsPerIteration)
        let slope = slope(throughVoxels: voxels, seconds: present.seconds)
        return schedule.stages.reduce(0.0) { sum, stage in
            let left = stage.iterations.upperBound - max(stage.firstIteration, doneIterations)
            guard left > 0 else { return sum }
            let known = stage.index == current ? present.seconds : nil
            return sum + Double(left)
                * (known ?? present.seconds + slope * (Double(stage.voxelsPerIteration) - voxels))
        }
    }

    /// In a random schedule every stage is as likely as any other in each iteration that is left.
    private var randomIterations: Double {
        let known = measured.map { (Double(schedule.stages[$0.key].voxelsPerIteration), $0.value.seconds) }
        let voxels = known.reduce(0) { $0 + $1.0 } / Double(known.count)
        let seconds = known.reduce(0) { $0 + $1.1 } / Double(known.count)
        let slope = slope(throughVoxels: voxels, seconds: seconds)
        let mean = schedule.stages.reduce(0.0) { sum, stage in
            sum + (measured[stage.index]?.seconds ?? seconds + slope * (Double(stage.voxelsPerIteration) - voxels))
        }
        return Double(max(0, schedule.iterationCount - doneIterations)) * mean / Double(schedule.stages.count)
    }

    /// The slope of the line through a point that fits the measured stages best, between constant and proportional.
    private func slope(throughVoxels voxels: Double, seconds: Double) -> Double {
        let proportional = seconds / voxels
        var products = 0.0
        var squares = 0.0
        for (index, measurement) in measured {
            let distance = Double(schedule.stages[index].voxelsPerIteration) - voxels
            products += distance * (measurement.seconds - seconds)
            squares += distance * distance
        }
        return squares > 0 ? min(max(products / squares, 0), proportional) : proportional
    }
}
