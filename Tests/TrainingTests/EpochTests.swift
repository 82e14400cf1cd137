import Curriculum
import Documents
import Testing
import Training

@Suite struct EpochTests {
    private var record: EpochRecord {
        EpochRecord(
            epoch: 12, stage: 3, patchSize: [16, 24, 8], batchSize: 196, learningRate: 0.0099, trainLoss: -0.25,
            validationLoss: 0.125, pseudoDice: [0.75, 0.5], emaPseudoDice: 0.625, voxelsShown: 1 << 40,
            foregroundShare: 0.5, classesPerIteration: 1.75, seconds: 3.5, dataWaitSeconds: 0.1)
    }

    @Test func recordRoundTrip() throws {
        let line = record.json.text()
        #expect(!line.contains("\n"))
        #expect(EpochRecord(json: try JSONValue(parsing: line)) == record)
        #expect(record.meanPseudoDice == 0.625)
    }

    @Test("a record that holds NaN reads back, as it stands in the file") func recordWithNaN() throws {
        var record = record
        record.trainLoss = .infinity
        record.validationLoss = .nan
        record.pseudoDice = [.nan, 0.5]
        record.emaPseudoDice = .nan
        let line = record.json.text()
        let again = try #require(EpochRecord(json: try JSONValue(parsing: line)))
        #expect(again.json.text() == line)
        #expect(again.validationLoss.isNaN && again.emaPseudoDice.isNaN && again.trainLoss == .infinity)
        #expect(again.pseudoDice[0].isNaN && again.pseudoDice[1] == 0.5)
        #expect(again.meanPseudoDice == 0.5)
        record.pseudoDice = [.nan]
        #expect(record.meanPseudoDice.isNaN)
        record.pseudoDice = []
        #expect(record.meanPseudoDice.isNaN)
    }

    @Test("a record is not read where a member is missing or of another kind") func damagedRecord() throws {
        let json = record.json
        for key in try #require(json.object).keys {
            var object = try #require(json.object)
            object[key] = nil
            #expect(EpochRecord(json: .object(object)) == nil, "without \(key)")
            object[key] = "text"
            #expect(EpochRecord(json: .object(object)) == nil, "\(key) a text")
        }
    }

    @Test("the moving average starts with the first value and passes over epochs without one") func movingAverage() {
        #expect(EpochProgress.average(previous: nil, value: 0.5) == 0.5)
        #expect(EpochProgress.average(previous: 0.5, value: 1) == 0.9 * 0.5 + 0.1 * 1)
        #expect(EpochProgress.average(previous: 0.5, value: .nan) == 0.5)
        #expect(EpochProgress.average(previous: nil, value: .nan) == nil)
    }

    private var progress: EpochProgress {
        var progress = EpochProgress()
        progress.lossSum = 1.1
        progress.iterationCount = 4
        progress.voxelsShown = 4096
        progress.seconds = 2.25
        progress.dataWaitSeconds = 0.25
        progress.foregroundSamples = 6
        progress.samples = 8
        progress.classesShown = 7
        return progress
    }

    @Test("an epoch's record is made of its iterations") func recordOfProgress() throws {
        let stage = try Stage.example
        let record = progress.record(
            epoch: 5, stage: stage, learningRate: 0.01, validation: (loss: -0.5, pseudoDice: [1, .nan]), ema: 0.5,
            seconds: 9)
        #expect(record.epoch == 5 && record.stage == stage.index && record.patchSize == stage.patchSize)
        #expect(record.batchSize == stage.batchSize && record.learningRate == 0.01)
        #expect(record.trainLoss == 1.1 / 4 && record.validationLoss == -0.5)
        #expect(record.pseudoDice[0] == 1 && record.pseudoDice[1].isNaN && record.emaPseudoDice == 0.9 * 0.5 + 0.1 * 1)
        #expect(record.voxelsShown == 4096 && record.foregroundShare == 0.75 && record.classesPerIteration == 1.75)
        #expect(record.seconds == 9 && record.dataWaitSeconds == 0.25)
        let unknown = progress.record(
            epoch: 0, stage: stage, learningRate: 0.01, validation: (loss: .nan, pseudoDice: [.nan]), ema: nil,
            seconds: 1)
        #expect(unknown.emaPseudoDice.isNaN)
    }

    @Test("the progress of an interrupted epoch goes through a checkpoint without a lost bit")
    func progressRoundTrip() throws {
        let again = EpochProgress(json: try JSONValue(parsing: progress.json.text()))
        #expect(again.json == progress.json)
        #expect(again.lossSum == 1.1 && again.classesShown == 7 && again.samples == 8)
        #expect(EpochProgress(json: nil).json == EpochProgress().json)
    }
}

extension Stage {
    /// A stage of a real schedule, not its first.
    fileprivate static var example: Stage {
        get throws {
            try Schedule(
                scheme: .pgpsPerformance, maximalPatchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9,
                epochs: 1000, iterationsPerEpoch: 250
            ).stages[2]
        }
    }
}
