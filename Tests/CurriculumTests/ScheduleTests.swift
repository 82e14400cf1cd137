import Curriculum
import Testing

@Suite struct ScheduleTests {
    @Test("Epochs are dealt evenly and the last stage takes the remainder") func epochs() throws {
        let stages = try hippocampus(.pgpsPerformance, epochs: 1000).stages
        #expect(stages[1].firstEpoch == 66)
        #expect(stages[1].firstIteration == 16_500)
        #expect(stages[14].firstEpoch == 924)
        #expect(stages[14].epochCount == 76)
    }

    @Test(
        "Every iteration has the stage that lists it",
        arguments: Scheme.allCases, [(1000, 250), (24, 1), (15, 3), (14, 3), (3, 50), (1, 15), (1, 31)])
    func stagesTileTheRun(scheme: Scheme, run: (epochs: Int, iterations: Int)) throws {
        let schedule = try hippocampus(scheme, epochs: run.epochs, iterationsPerEpoch: run.iterations)
        guard !schedule.isRandom else { return }
        var next = 0
        for stage in schedule.stages {
            #expect(stage.firstIteration == next)
            #expect(stage.iterationCount >= 1)
            next += stage.iterationCount
            #expect(stage.firstEpoch == stage.firstIteration / run.iterations)
            #expect(stage.firstEpoch + stage.epochCount - 1 == (next - 1) / run.iterations)
            for iteration in [stage.firstIteration, next - 1] {
                #expect(schedule.stage(atIteration: iteration, draw: { _ in -1 }) == stage)
            }
        }
        #expect(next == schedule.iterationCount)
        #expect(schedule.stage(atIteration: next + 1000, draw: { _ in -1 }) == schedule.stages.last)
    }

    @Test("Fewer epochs than stages are counted in iterations") func iterations() throws {
        let stages = try hippocampus(.pgpsEfficiency, epochs: 4, iterationsPerEpoch: 10).stages
        #expect(stages.map(\.iterationCount) == [Int](repeating: 2, count: 14) + [12])
        #expect(stages[4].firstEpoch == 0)
        #expect(stages[5].firstEpoch == 1)
        #expect(stages[14].firstEpoch == 2)
        #expect(stages[14].epochCount == 2)
    }

    @Test("A random schedule asks for one of all its patches, once") func randomPatches() throws {
        let schedule = try hippocampus(.rpss, epochs: 1, iterationsPerEpoch: 2)
        var bounds: [Int] = []
        let stage = schedule.stage(atIteration: 1) { bound in
            bounds.append(bound)
            return bound - 1
        }
        #expect(bounds == [14])
        #expect(stage.patchSize == [40, 56, 40])
    }

    @Test("Only progressive-resolution crops another size than the tensor's") func contentSizes() throws {
        for scheme in Scheme.allCases {
            let schedule = try hippocampus(scheme, epochs: 1000)
            let expected = scheme == .progressiveResolution ? [40, 56, 40] : schedule.stages[0].patchSize
            #expect(schedule.contentSize(of: schedule.stages[0]) == expected)
        }
    }

    @Test("Voxels of an iteration are counted over the batch") func voxelsPerIteration() throws {
        let stages = try hippocampus(.pgpsPerformance, epochs: 1000).stages
        #expect(stages[0].voxelsPerIteration == 1575 * 512)
        #expect(stages[14].voxelsPerIteration == 9 * 89_600)
    }

    @Test("An axis at its maximum from the start does not grow, and neither does one below the doubled start")
    func shortAxis() throws {
        let patches = try Schedule(
            scheme: .pgps, maximalPatchSize: [4, 16, 8], poolings: [2, 2, 2], batchSize: 2, epochs: 10,
            iterationsPerEpoch: 1
        ).stages.map(\.patchSize)
        #expect(patches == [[4, 4, 4], [4, 8, 4], [4, 8, 8], [4, 12, 8], [4, 16, 8]])
        let smallestFirst = try Schedule(
            scheme: .pgpsEfficiency, maximalPatchSize: [4, 16, 8], poolings: [2, 2, 2], batchSize: 2, epochs: 10,
            iterationsPerEpoch: 1
        ).stages.map(\.patchSize)
        #expect(smallestFirst == [[4, 4, 4], [4, 8, 4], [4, 8, 8], [4, 12, 8], [4, 16, 8]])
    }

    @Test("A network without poolings may grow voxel by voxel") func noPoolings() throws {
        let stages = try Schedule(
            scheme: .pgpsPerformance, maximalPatchSize: [1, 2, 2], poolings: [0, 0, 0], batchSize: 1, epochs: 3,
            iterationsPerEpoch: 1
        ).stages
        #expect(stages.map(\.patchSize) == [[1, 1, 1], [1, 2, 1], [1, 2, 2]])
        #expect(stages.map(\.batchSize) == [4, 2, 1])
    }

    @Test(
        "Impossible schedules are refused with the rule and a way out",
        arguments: [
            (
                [41, 56, 40], [3, 3, 3], 9, 10, 250,
                "patch size 41 56 40 does not suit poolings 3 3 3: axis D is 41 and must be divisible by 8 "
                    + "(3 poolings); nearest: 40 or 48"
            ),
            (
                [40, 56, 7], [3, 3, 3], 9, 10, 250,
                "patch size 40 56 7 does not suit poolings 3 3 3: axis W is 7 and must be divisible by 8 "
                    + "(3 poolings); nearest: 8"
            ),
            ([40, 56, 40], [3, 3, 3], 0, 10, 250, "batch size is 0, but must lie in 1 to 1000000"),
            ([40, 56, 40], [3, -1, 3], 2, 10, 250, "poolings is -1, but must lie in 0 to 16"),
            ([40, 0, 40], [3, 3, 3], 2, 10, 250, "patch size is 0, but must lie in 1 to 65536"),
            ([40, 56, 40], [3, 3, 3], 2, 0, 250, "epochs is 0, but must lie in 1 to 10000000"),
            ([40, 56, 40], [3, 3, 3], 2, 1, 0, "iterations per epoch is 0, but must lie in 1 to 10000000"),
            ([40, 56], [3, 3, 3], 2, 1, 1, "patch size 40 56 and poolings 3 3 3 must name three axes each (D H W)"),
            (
                [65536, 65536, 65536], [3, 3, 3], 1000, 100_000, 250,
                "1000 patches of 65536 65536 65536 voxels are too many to be counted exactly (2^53 voxels); give a "
                    + "smaller patch or batch"
            ),
            (
                [40, 56, 40], [3, 3, 3], 9, 2, 7,
                "pgps-performance has 15 stages for this patch, but 2 epochs of 7 iterations are only 14 iterations; "
                    + "every stage needs at least one, so give at least 3 epochs of 7"
            ),
        ] as [([Int], [Int], Int, Int, Int, String)])
    func refusals(
        patchSize: [Int], poolings: [Int], batchSize: Int, epochs: Int, iterationsPerEpoch: Int, message: String
    ) {
        let error = #expect(throws: CurriculumError.self) {
            try Schedule(
                scheme: .pgpsPerformance, maximalPatchSize: patchSize, poolings: poolings, batchSize: batchSize,
                epochs: epochs, iterationsPerEpoch: iterationsPerEpoch)
        }
        #expect(error?.description == message)
    }

    private func hippocampus(_ scheme: Scheme, epochs: Int, iterationsPerEpoch: Int = 250) throws -> Schedule {
        try Schedule(
            scheme: scheme, maximalPatchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9, epochs: epochs,
            iterationsPerEpoch: iterationsPerEpoch)
    }
}
