import Cluster
import Curriculum
import Datasets

/// Times iterations of every stage of a schedule on the data of a fold, exactly as a training runs them, without
/// writing anything. The learning rate is 0, so the weights stay. All cases are open before the first iteration, as they
/// are in a training after its first epoch.
public struct StageTimer {
    /// Times of one stage, seconds per iteration on this rank.
    public struct Times: Sendable {
        public let stage: Stage
        /// Whole iterations.
        public let seconds: [Double]
        /// The part of each in which patches were prepared.
        public let dataSeconds: [Double]
    }

    public let setup: FoldSetup

    /// - Throws: the error of whatever is missing or does not fit; see ``FoldSetup``.
    public init(_ configuration: RunConfiguration, fold: FoldName, workspace: Workspace) throws {
        setup = try FoldSetup(configuration, fold: fold, workspace: workspace)
    }

    /// - Parameters:
    ///   - iterationCount: iterations per stage that are timed, after one that is not; a shorter stage is repeated.
    ///   - report: called with each stage's times.
    /// - Collective: every rank of the communicator.
    public func run(
        on communicator: Communicator, iterationCount: Int, report: (Times) -> Void
    ) throws -> [Times] {
        let replica = try communicator.agreeing { try Replica(setup, communicator: communicator) }
        try communicator.agreeing { try replica.openCases() }
        return try setup.schedule.stages.map { stage in
            var (seconds, dataSeconds): ([Double], [Double]) = ([], [])
            for number in 0...iterationCount {
                let start = ContinuousClock.now
                let step = try replica.step(iteration: stage.firstIteration + number % stage.iterationCount, rate: 0)
                guard number > 0 else { continue }
                seconds.append(start.duration(to: .now) / .seconds(1))
                dataSeconds.append(step.dataWaitSeconds)
            }
            let times = Times(stage: stage, seconds: seconds, dataSeconds: dataSeconds)
            report(times)
            return times
        }
    }
}
