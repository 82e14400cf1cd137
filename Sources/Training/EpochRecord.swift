import Documents

/// One epoch of a run: a line of `progress.jsonl`.
public struct EpochRecord: Sendable, Equatable {
    public var epoch: Int
    /// Index of the stage of the epoch's last iteration, and its patch `[D, H, W]` and batch.
    public var stage: Int
    public var patchSize: [Int]
    public var batchSize: Int
    public var learningRate: Double
    /// Means over the epoch's iterations; NaN without validation iterations.
    public var trainLoss: Double
    public var validationLoss: Double
    /// Per class or region, over the validation patches of the epoch; NaN where a class neither occurs nor is
    /// predicted.
    public var pseudoDice: [Double]
    /// Exponential moving average of the mean pseudo Dice; NaN until there is one.
    public var emaPseudoDice: Double
    /// Voxels of all training patches of the epoch.
    public var voxelsShown: Int
    /// Share of the training patches that contain foreground.
    public var foregroundShare: Double
    /// Mean number of different foreground classes in the batch of an iteration.
    public var classesPerIteration: Double
    /// Wall time of the epoch, validation included.
    public var seconds: Double
    /// Part of it in which the network waited for patches.
    public var dataWaitSeconds: Double

    public init(
        epoch: Int, stage: Int, patchSize: [Int], batchSize: Int, learningRate: Double, trainLoss: Double,
        validationLoss: Double, pseudoDice: [Double], emaPseudoDice: Double, voxelsShown: Int, foregroundShare: Double,
        classesPerIteration: Double, seconds: Double, dataWaitSeconds: Double
    ) {
        self.epoch = epoch
        self.stage = stage
        self.patchSize = patchSize
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.trainLoss = trainLoss
        self.validationLoss = validationLoss
        self.pseudoDice = pseudoDice
        self.emaPseudoDice = emaPseudoDice
        self.voxelsShown = voxelsShown
        self.foregroundShare = foregroundShare
        self.classesPerIteration = classesPerIteration
        self.seconds = seconds
        self.dataWaitSeconds = dataWaitSeconds
    }

    /// Mean over the classes that have a pseudo Dice; NaN when none has.
    public var meanPseudoDice: Double {
        let known = pseudoDice.filter { !$0.isNaN }
        return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
    }

    public var json: JSONValue {
        [
            "epoch": .integer(epoch), "stage": .integer(stage), "patchSize": .integers(patchSize),
            "batchSize": .integer(batchSize), "learningRate": .real(learningRate), "trainLoss": .real(trainLoss),
            "validationLoss": .real(validationLoss), "pseudoDice": .reals(pseudoDice),
            "emaPseudoDice": .real(emaPseudoDice), "voxelsShown": .integer(voxelsShown),
            "foregroundShare": .real(foregroundShare), "classesPerIteration": .real(classesPerIteration),
            "seconds": .real(seconds), "dataWaitSeconds": .real(dataWaitSeconds),
        ]
    }

    /// Reads a record back; nil if a member is missing or of another kind.
    public init?(json: JSONValue) {
        guard let epoch = json["epoch"]?.integer, let stage = json["stage"]?.integer,
            let patchSize = json["patchSize"]?.integers, let batchSize = json["batchSize"]?.integer,
            let learningRate = json["learningRate"]?.number, let trainLoss = json["trainLoss"]?.number,
            let validationLoss = json["validationLoss"]?.number, let pseudoDice = json["pseudoDice"]?.numbers,
            let emaPseudoDice = json["emaPseudoDice"]?.number, let voxelsShown = json["voxelsShown"]?.integer,
            let foregroundShare = json["foregroundShare"]?.number,
            let classesPerIteration = json["classesPerIteration"]?.number, let seconds = json["seconds"]?.number,
            let dataWaitSeconds = json["dataWaitSeconds"]?.number
        else { return nil }
        self.init(
            epoch: epoch, stage: stage, patchSize: patchSize, batchSize: batchSize, learningRate: learningRate,
            trainLoss: trainLoss, validationLoss: validationLoss, pseudoDice: pseudoDice, emaPseudoDice: emaPseudoDice,
            voxelsShown: voxelsShown, foregroundShare: foregroundShare, classesPerIteration: classesPerIteration,
            seconds: seconds, dataWaitSeconds: dataWaitSeconds)
    }
}
