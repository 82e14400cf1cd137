import Cluster
import Curriculum
import Datasets

/// Times iterations of every stage of a schedule on the data of a fold, exactly as a training runs them, without
/// writing anything. The learning rate is 0, so the weights stay. All cases are open before the first iteration: in a
/// training, that is true of all but its first iterations.
public struct StageTimer {
    /// Times of one stage, seconds per iteration on this rank.
    public struct Times: Sendable {
        public let stage: Stage
        /// Whole iterations.
        public fileprivate(set) var seconds: [Double] = []
        /// The part of each in which patches were prepared.
        public fileprivate(set) var dataSeconds: [Double] = []
    }

    public let setup: FoldSetup

    /// - Throws: the error of whatever is missing or does not fit; see ``FoldSetup``.
    public init(_ configuration: RunConfiguration, fold: FoldName, workspace: Workspace) throws {
        setup = try FoldSetup(configuration, fold: fold, workspace: workspace)
    }

    /// Times the stages in turns, so that a while in which other programs are busy does not fall on one stage alone.
    ///
    /// - Parameters:
    ///   - iterationCount: iterations per stage that are timed; a shorter stage is repeated.
    ///   - roundCount: turns of all stages that share these iterations; each begins with one that is not timed.
    ///   - report: called with every stage of every round, 0 being the first, when it is done.
    /// - Collective: every rank of the communicator.
    public func run(
        on communicator: Communicator, iterationCount: Int, roundCount: Int, report: (_ round: Int, Stage) -> Void
    ) throws -> [Times] {
        let replica = try communicator.agreeing { try Replica(setup, communicator: communicator) }
        try communicator.agreeing { try replica.openCases() }
        var times = setup.schedule.stages.map { Times(stage: $0) }
        for round in 0..<roundCount {
            let (first, end) = (iterationCount * round / roundCount, iterationCount * (round + 1) / roundCount)
            for index in times.indices {
                let stage = times[index].stage
                for number in first...end {
                    let start = ContinuousClock.now
                    let iteration = stage.firstIteration + number % stage.iterationCount
                    let step = try replica.step(iteration: iteration, rate: 0)
                    guard number > first else { continue }
                    times[index].seconds.append(start.duration(to: .now) / .seconds(1))
                    times[index].dataSeconds.append(step.dataWaitSeconds)
                }
                report(round, stage)
            }
        }
        return times
    }
}
