import Cluster
import Curriculum
import Documents

/// What an epoch has gathered so far. It goes into checkpoints, so that the record of an interrupted epoch is whole.
package struct EpochProgress {
    package var lossSum = 0.0
    package var iterationCount = 0
    package var voxelsShown = 0
    package var seconds = 0.0
    package var dataWaitSeconds = 0.0
    /// Over the ranks: samples with foreground, samples, and per iteration the number of different classes, summed.
    package var foregroundSamples = 0
    package var samples = 0
    package var classesShown = 0

    package init() {}

    /// Adds an iteration.
    ///
    /// - Collective: every rank of the fold's group.
    mutating func add(
        _ report: StepReport, stage: Stage, seconds: Double, labelCount: Int, communicator: Communicator
    ) throws {
        let counts = report.statistics.sampleCounts(labelCount: labelCount)
        let all = try communicator.allReduceSum(
            counts + [report.statistics.foregroundCount, report.statistics.samples.count])
        classesShown += all.prefix(labelCount).count { $0 > 0 }
        foregroundSamples += all[labelCount]
        samples += all[labelCount + 1]
        lossSum += report.loss
        iterationCount += 1
        voxelsShown += stage.voxelsPerIteration
        self.seconds += seconds
        dataWaitSeconds += report.dataWaitSeconds
    }

    package func record(
        epoch: Int, stage: Stage, learningRate: Double, validation: (loss: Double, pseudoDice: [Double]), ema: Double?,
        seconds: Double
    ) -> EpochRecord {
        let iterations = Double(max(1, iterationCount))
        var record = EpochRecord(
            epoch: epoch, stage: stage.index, patchSize: stage.patchSize, batchSize: stage.batchSize,
            learningRate: learningRate, trainLoss: lossSum / iterations, validationLoss: validation.loss,
            pseudoDice: validation.pseudoDice, emaPseudoDice: .nan, voxelsShown: voxelsShown,
            foregroundShare: Double(foregroundSamples) / Double(max(1, samples)),
            classesPerIteration: Double(classesShown) / iterations, seconds: seconds, dataWaitSeconds: dataWaitSeconds)
        record.emaPseudoDice = Self.average(previous: ema, value: record.meanPseudoDice) ?? .nan
        return record
    }

    /// nnU-Net's moving average, `0.9 · previous + 0.1 · value`; an epoch without a value changes nothing.
    package static func average(previous: Double?, value: Double) -> Double? {
        guard !value.isNaN else { return previous }
        guard let previous else { return value }
        return 0.9 * previous + 0.1 * value
    }

    package var json: JSONValue {
        [
            "lossSum": .real(lossSum), "iterationCount": .integer(iterationCount), "voxelsShown": .integer(voxelsShown),
            "seconds": .real(seconds), "dataWaitSeconds": .real(dataWaitSeconds),
            "foregroundSamples": .integer(foregroundSamples), "samples": .integer(samples),
            "classesShown": .integer(classesShown),
        ]
    }

    package init(json: JSONValue?) {
        guard let json else { return }
        lossSum = json["lossSum"]?.number ?? 0
        iterationCount = json["iterationCount"]?.integer ?? 0
        voxelsShown = json["voxelsShown"]?.integer ?? 0
        seconds = json["seconds"]?.number ?? 0
        dataWaitSeconds = json["dataWaitSeconds"]?.number ?? 0
        foregroundSamples = json["foregroundSamples"]?.integer ?? 0
        samples = json["samples"]?.integer ?? 0
        classesShown = json["classesShown"]?.integer ?? 0
    }
}
