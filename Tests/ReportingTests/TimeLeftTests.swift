import Curriculum
import Reporting
import Testing
import Training

@Suite struct TimeLeftTests {
    /// Runs a schedule up to an iteration; an iteration takes `fixed + perVoxel · voxels`, the end of an epoch
    /// `overhead`.
    private func estimate(
        _ schedule: Schedule, upTo end: Int, from first: Int = 0, fixed: Double, perVoxel: Double, overhead: Double
    ) -> (estimate: Double?, truth: Double) {
        var timeLeft = TimeLeft(schedule: schedule, firstIteration: first)
        var now = 1000.0
        var truth = 0.0
        for iteration in first..<schedule.iterationCount {
            var record = SampleRun.iteration(iteration, of: schedule)
            record.seconds = fixed + perVoxel * Double(schedule.stages[record.stageIndex].voxelsPerIteration)
            let endsEpoch = (iteration + 1) % schedule.iterationsPerEpoch == 0
            if iteration >= end {
                truth += record.seconds + (endsEpoch ? overhead : 0)
                continue
            }
            now += record.seconds
            timeLeft.iterationEnded(record, now: now)
            if endsEpoch {
                now += overhead
                timeLeft.epochEnded(record.epoch, now: now)
            }
        }
        return (timeLeft.seconds, truth)
    }

    @Test("Nothing is claimed before the first iteration")
    func unknown() throws {
        #expect(TimeLeft(schedule: try SampleRun.schedule(), firstIteration: 0).seconds == nil)
    }

    @Test(
        "Where time follows the voxels, the first epoch knows the whole run", arguments: [Scheme.pgpsEfficiency, .cps])
    func proportional(scheme: Scheme) throws {
        let schedule = try SampleRun.schedule(scheme: scheme, epochs: 180)
        let result = estimate(schedule, upTo: 10, fixed: 0, perVoxel: 2e-6, overhead: 3)
        #expect(abs(try #require(result.estimate) / result.truth - 1) < 1e-6)
    }

    @Test(
        "From the second stage on, what every iteration costs beside its voxels is known", arguments: [130, 700, 1500])
    func fixedCost(end: Int) throws {
        let schedule = try SampleRun.schedule(scheme: .pgpsEfficiency, epochs: 180)
        let result = estimate(schedule, upTo: end, fixed: 0.05, perVoxel: 2e-6, overhead: 3)
        #expect(abs(try #require(result.estimate) / result.truth - 1) < 1e-6)
    }

    @Test("The last stage counts its own iterations, also in a run that continues there")
    func lastStage() throws {
        let schedule = try SampleRun.schedule(scheme: .pgpsEfficiency, epochs: 180)
        let result = estimate(schedule, upTo: 1790, from: 1700, fixed: 0.05, perVoxel: 2e-6, overhead: 0)
        #expect(abs(try #require(result.estimate) / result.truth - 1) < 1e-6)
    }

    @Test("An estimate stays between constant and proportional time where stages contradict each other")
    func bounds() throws {
        let schedule = try SampleRun.schedule(scheme: .pgpsPerformance, epochs: 180)
        var timeLeft = TimeLeft(schedule: schedule, firstIteration: 0)
        var now = 0.0
        // Stages of nearly the same voxels and quite different times.
        for iteration in 0..<240 {
            var record = SampleRun.iteration(iteration, of: schedule)
            record.seconds = 1 / Double(record.stageIndex + 1)
            now += record.seconds
            timeLeft.iterationEnded(record, now: now)
        }
        let perIteration = try #require(timeLeft.seconds) / Double(schedule.iterationCount - 240)
        #expect((0.45...0.5).contains(perIteration))
    }

    @Test("A random schedule counts on the mean of its patches")
    func random() throws {
        let schedule = try SampleRun.schedule(scheme: .rpss, epochs: 18)
        var timeLeft = TimeLeft(schedule: schedule, firstIteration: 0)
        var now = 0.0
        for iteration in 0..<90 {
            var record = SampleRun.iteration(iteration, of: schedule)
            record.stageIndex = iteration % schedule.stages.count
            record.seconds = 0.01 + 1e-6 * Double(schedule.stages[record.stageIndex].voxelsPerIteration)
            now += record.seconds
            timeLeft.iterationEnded(record, now: now)
        }
        let mean =
            schedule.stages.reduce(0.0) { $0 + 0.01 + 1e-6 * Double($1.voxelsPerIteration) }
            / Double(schedule.stages.count)
        #expect(abs(try #require(timeLeft.seconds) / (90 * mean) - 1) < 1e-6)
    }

    @Test("The slow first iteration of a stage is forgotten with the second")
    func firstIteration() throws {
        let schedule = try SampleRun.schedule(scheme: .cps)
        var timeLeft = TimeLeft(schedule: schedule, firstIteration: 0)
        timeLeft.iterationEnded(SampleRun.iteration(0, of: schedule, seconds: 60), now: 60)
        #expect(try #require(timeLeft.seconds) == 179 * 60)
        timeLeft.iterationEnded(SampleRun.iteration(1, of: schedule, seconds: 1), now: 61)
        #expect(try #require(timeLeft.seconds) == 178)
    }
}
