import Curriculum
import Documents

/// A schedule as a document; ``StageTable`` shows it as text.
enum ScheduleReport {
    static func document(of schedule: Schedule) -> JSONValue {
        [
            "scheme": .string(schedule.scheme.rawValue), "epochs": .integer(schedule.epochs),
            "iterationsPerEpoch": .integer(schedule.iterationsPerEpoch),
            "stages": .array(
                schedule.stages.map { stage in
                    [
                        "patchSize": .integers(stage.patchSize), "batchSize": .integer(stage.batchSize),
                        "firstEpoch": .integer(stage.firstEpoch), "epochCount": .integer(stage.epochCount),
                        "firstIteration": .integer(stage.firstIteration),
                        "iterationCount": .integer(stage.iterationCount),
                    ]
                }), "random": .bool(schedule.isRandom), "voxelShare": .real(schedule.voxelShare),
        ]
    }
}
