import Documents
import Training

/// The time that a whole training takes if every stage runs at its median pace, as the journal paper on the curriculum
/// compares schemes (arXiv 2510.23241): validation and checkpoints are left out.
public struct VirtualRuntime: Sendable, Equatable {
    /// One stage: its pace, and what it adds up to.
    public struct Stage: Sendable, Equatable {
        public let patchSize: [Int]
        public let batchSize: Int
        /// Iterations of the whole training.
        public let iterationCount: Int
        /// Median seconds per iteration, patches included.
        public let secondsPerIteration: Double
        /// Median seconds of it in which patches were prepared.
        public let dataSeconds: Double

        public init(
            patchSize: [Int], batchSize: Int, iterationCount: Int, secondsPerIteration: Double, dataSeconds: Double
        ) {
            self.patchSize = patchSize
            self.batchSize = batchSize
            self.iterationCount = iterationCount
            self.secondsPerIteration = secondsPerIteration
            self.dataSeconds = dataSeconds
        }

        public var seconds: Double { secondsPerIteration * Double(iterationCount) }
        /// An iteration with real data over one without.
        public var dataFactor: Double { secondsPerIteration / (secondsPerIteration - dataSeconds) }
    }

    public let scheme: String
    public let stages: [Stage]

    public init(scheme: String, stages: [Stage]) {
        self.scheme = scheme
        self.stages = stages
    }

    /// - Parameter times: of all stages of one schedule, at least one iteration each.
    public init(scheme: String, times: [StageTimer.Times]) {
        self.init(
            scheme: scheme,
            stages: times.map {
                Stage(
                    patchSize: $0.stage.patchSize, batchSize: $0.stage.batchSize,
                    iterationCount: $0.stage.iterationCount, secondsPerIteration: TimeStatistics($0.seconds).median,
                    dataSeconds: TimeStatistics($0.dataSeconds).median)
            })
    }

    public var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }

    /// Of a training whose every iteration is one of the last stage, which is `cps`.
    public var constantSeconds: Double {
        let count = stages.reduce(0) { $0 + $1.iterationCount }
        return Double(count) * (stages.last?.secondsPerIteration ?? 0)
    }

    /// Its share of the time of `cps`.
    public var share: Double { seconds / constantSeconds }

    public var json: JSONObject {
        [
            "scheme": .string(scheme), "seconds": .real(seconds), "cpsSeconds": .real(constantSeconds),
            "share": .real(share),
            "stages": .array(
                stages.map { stage in
                    .object([
                        "patchSize": .integers(stage.patchSize), "batchSize": .integer(stage.batchSize),
                        "iterationCount": .integer(stage.iterationCount),
                        "medianSeconds": .real(stage.secondsPerIteration), "dataSeconds": .real(stage.dataSeconds),
                        "dataFactor": .real(stage.dataFactor),
                    ])
                }),
        ]
    }
}
