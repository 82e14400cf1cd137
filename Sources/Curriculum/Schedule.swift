/// Which patch and batch every iteration of a training run has.
///
/// A pure function of the scheme and of the plan: the stage of an iteration follows from its number alone, never from
/// what was done before, so a resumed run stands where the uninterrupted one stood.
///
/// ```swift
/// let schedule = try Schedule(
///     scheme: .pgpsPerformance, maximalPatchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9,
///     epochs: 1000, iterationsPerEpoch: 250)
/// schedule.stages[0].patchSize  // [8, 8, 8]
/// schedule.stages[0].batchSize  // 1575
/// ```
public struct Schedule: Sendable, Equatable {
    public let scheme: Scheme
    /// The plan's patch `[D, H, W]`, which is also that of the last stage, of validation and of inference.
    public let maximalPatchSize: [Int]
    /// How often the network halves each axis.
    public let poolings: [Int]
    /// The plan's batch size.
    public let batchSize: Int
    public let epochs: Int
    public let iterationsPerEpoch: Int
    /// All stages in order; the patches to draw from when the schedule ``isRandom``.
    public let stages: [Stage]

    /// - Throws: ``CurriculumError`` when a number is out of range, an axis of the patch is not divisible by `2^p`, or
    ///   there are fewer iterations than stages.
    public init(
        scheme: Scheme, maximalPatchSize: [Int], poolings: [Int], batchSize: Int, epochs: Int, iterationsPerEpoch: Int
    ) throws(CurriculumError) {
        try Self.check(
            maximalPatchSize: maximalPatchSize, poolings: poolings, batchSize: batchSize, epochs: epochs,
            iterationsPerEpoch: iterationsPerEpoch)
        self.scheme = scheme
        self.maximalPatchSize = maximalPatchSize
        self.poolings = poolings
        self.batchSize = batchSize
        self.epochs = epochs
        self.iterationsPerEpoch = iterationsPerEpoch

        let patches =
            switch scheme {
            case .cps: [maximalPatchSize]
            case .pgps, .pgpsPlus, .rpss: PatchGrowth.takingTurns(maximum: maximalPatchSize, poolings: poolings)
            case .pgpsEfficiency, .pgpsPerformance, .progressiveResolution:
                PatchGrowth.smallestAxisFirst(maximum: maximalPatchSize, poolings: poolings)
            }
        let batches =
            switch scheme {
            case .pgpsPlus: BatchGrowth.chained(patches: patches, batchSize: batchSize)
            case .pgpsPerformance: BatchGrowth.fillingBudget(patches: patches, batchSize: batchSize)
            case .cps, .pgps, .rpss, .pgpsEfficiency, .progressiveResolution:
                [Int](repeating: batchSize, count: patches.count)
            }
        if !scheme.isRandom, patches.count > epochs * iterationsPerEpoch {
            throw .fewerIterationsThanStages(
                scheme: scheme, stageCount: patches.count, epochs: epochs, iterationsPerEpoch: iterationsPerEpoch)
        }
        let perStage = Self.iterationsPerStage(
            stageCount: patches.count, epochs: epochs, iterationsPerEpoch: iterationsPerEpoch)
        let total = epochs * iterationsPerEpoch
        stages = patches.indices.map { index in
            let isLast = index == patches.count - 1
            let first = scheme.isRandom ? 0 : index * perStage
            let end = scheme.isRandom || isLast ? total : first + perStage
            let firstEpoch = first / iterationsPerEpoch
            return Stage(
                index: index, patchSize: patches[index], batchSize: batches[index], firstEpoch: firstEpoch,
                epochCount: (end - 1) / iterationsPerEpoch - firstEpoch + 1, firstIteration: first,
                iterationCount: end - first)
        }
    }

    /// Iterations of the whole run.
    public var iterationCount: Int { epochs * iterationsPerEpoch }

    /// Whether every iteration draws one of ``stages`` uniformly.
    public var isRandom: Bool { scheme.isRandom }

    /// The stage of an iteration. Iterations past the end belong to the last stage.
    ///
    /// - Parameters:
    ///   - iteration: 0 is the first of the run.
    ///   - draw: gives a random integer in `0 ..< bound` that depends on the seed and the iteration only; asked once
    ///     when the schedule ``isRandom``, never otherwise.
    /// - Precondition: `iteration ≥ 0`.
    public func stage(atIteration iteration: Int, draw: (_ bound: Int) -> Int) -> Stage {
        precondition(iteration >= 0, "iteration \(iteration) lies before the run")
        if isRandom { return stages[draw(stages.count)] }
        let perStage = Self.iterationsPerStage(
            stageCount: stages.count, epochs: epochs, iterationsPerEpoch: iterationsPerEpoch)
        return stages[min(iteration / perStage, stages.count - 1)]
    }

    /// Voxels per axis of what is cropped and augmented for a stage: the stage's patch, except for
    /// `progressive-resolution`, which crops the plan's patch and resamples it to the stage's tensor.
    public func contentSize(of stage: Stage) -> [Int] {
        scheme == .progressiveResolution ? maximalPatchSize : stage.patchSize
    }

    /// Voxels shown to the network in the whole run (expected ones when the schedule ``isRandom``).
    public var voxelsShown: Double {
        let sum = stages.reduce(0.0) { $0 + Double($1.voxelsPerIteration) * Double($1.iterationCount) }
        return isRandom ? sum / Double(stages.count) : sum
    }

    /// ``voxelsShown`` as a share of what the plan's patch and batch would show in the same iterations.
    public var voxelShare: Double {
        let full = Double(batchSize) * Double(maximalPatchSize.reduce(1, *)) * Double(iterationCount)
        return voxelsShown / full
    }

    /// How the batch of a stage is dealt to volumes and kinds of patches.
    public func deal(of stage: Stage, construction: BatchConstruction) -> BatchDeal {
        BatchDeal(
            construction: construction, batchSize: stage.batchSize, baseBatchSize: batchSize,
            rule: scheme.foregroundRule)
    }

    /// Iterations of every stage but the last, which also takes the remainder: whole epochs where there are enough.
    private static func iterationsPerStage(stageCount: Int, epochs: Int, iterationsPerEpoch: Int) -> Int {
        epochs >= stageCount
            ? epochs / stageCount * iterationsPerEpoch : max(1, epochs * iterationsPerEpoch / stageCount)
    }

    private static func check(
        maximalPatchSize: [Int], poolings: [Int], batchSize: Int, epochs: Int, iterationsPerEpoch: Int
    ) throws(CurriculumError) {
        guard maximalPatchSize.count == 3, poolings.count == 3 else {
            throw .axisCount(patchSize: maximalPatchSize, poolings: poolings)
        }
        for size in maximalPatchSize { try check("patch size", size, 1...65536) }
        for count in poolings { try check("poolings", count, 0...16) }
        try check("batch size", batchSize, 1...1_000_000)
        try check("epochs", epochs, 1...10_000_000)
        try check("iterations per epoch", iterationsPerEpoch, 1...10_000_000)
        for axis in 0..<3 where maximalPatchSize[axis] % (1 << poolings[axis]) != 0 {
            throw .indivisible(patchSize: maximalPatchSize, poolings: poolings, axis: axis)
        }
        if Double(batchSize) * maximalPatchSize.reduce(1.0, { $0 * Double($1) }) > 0x1p53 {
            throw .tooManyVoxels(patchSize: maximalPatchSize, batchSize: batchSize)
        }
    }

    private static func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(CurriculumError) {
        if !allowed.contains(value) { throw .outOfRange(name: name, value: value, allowed: allowed) }
    }
}
