import Curriculum
import Testing

/// The stage tables of the papers' supplements and of the published code, patch `D,H,W` and batch.
@Suite struct StageTableTests {
    struct Table: Sendable, CustomTestStringConvertible {
        let name: String
        let patchSize: [Int]
        let poolings: [Int]
        let batchSize: Int
        /// `D,H,W:batch` of every stage, separated by spaces.
        let stages: String
        let epochsPerStage: Int
        let epochsOfLastStage: Int

        var testDescription: String { name }
    }

    static let chainedBatches = [
        Table(
            name: "Lung", patchSize: [80, 192, 160], poolings: [4, 5, 5], batchSize: 2,
            stages: """
                32,32,32:24 32,64,32:12 32,64,64:6 48,64,64:4 48,96,64:3 48,96,96:2 64,96,96:2 64,128,96:2 \
                64,128,128:2 80,128,128:2 80,160,128:2 80,160,160:2 80,192,160:2
                """,
            epochsPerStage: 76, epochsOfLastStage: 88),
        Table(
            name: "Hippocampus", patchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9,
            stages: """
                16,8,8:24 16,16,8:12 16,16,16:9 24,16,16:9 24,24,16:9 24,24,24:9 32,24,24:9 32,32,24:9 32,32,32:9 \
                40,32,32:9 40,40,32:9 40,40,40:9 40,48,40:9 40,56,40:9
                """,
            epochsPerStage: 71, epochsOfLastStage: 77),
        Table(
            name: "Prostate", patchSize: [20, 320, 256], poolings: [2, 6, 6], batchSize: 2,
            stages: """
                8,64,64:24 8,128,64:12 8,128,128:6 12,128,128:4 12,192,128:3 12,192,192:2 16,192,192:2 16,256,192:2 \
                16,256,256:2 20,256,256:2 20,320,256:2
                """,
            epochsPerStage: 90, epochsOfLastStage: 100),
    ]

    static let filledBudgets = [
        Table(
            name: "Lung", patchSize: [80, 192, 160], poolings: [4, 5, 5], batchSize: 2,
            stages: """
                16,32,32:300 32,32,32:150 48,32,32:100 64,32,32:75 64,64,32:37 64,64,64:18 80,64,64:15 80,96,64:10 \
                80,96,96:6 80,128,96:5 80,128,128:3 80,160,128:3 80,160,160:2 80,192,160:2
                """,
            epochsPerStage: 71, epochsOfLastStage: 77),
        Table(
            name: "Brain", patchSize: [128, 128, 128], poolings: [5, 5, 5], batchSize: 2,
            stages: """
                32,32,32:128 64,32,32:64 64,64,32:32 64,64,64:16 96,64,64:10 96,96,64:7 96,96,96:4 128,96,96:3 \
                128,128,96:2 128,128,128:2
                """,
            epochsPerStage: 100, epochsOfLastStage: 100),
        Table(
            name: "Hippocampus", patchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9,
            stages: """
                8,8,8:1575 16,8,8:787 16,16,8:393 16,16,16:196 24,16,16:131 24,24,16:87 24,24,24:58 32,24,24:43 \
                32,32,24:32 32,32,32:24 40,32,32:19 40,40,32:15 40,40,40:12 40,48,40:10 40,56,40:9
                """,
            epochsPerStage: 66, epochsOfLastStage: 76),
        Table(
            name: "Prostate", patchSize: [20, 320, 256], poolings: [2, 6, 6], batchSize: 2,
            stages: """
                4,64,64:200 8,64,64:100 12,64,64:66 16,64,64:50 20,64,64:40 20,128,64:20 20,128,128:10 20,192,128:6 \
                20,192,192:4 20,256,192:3 20,256,256:2 20,320,256:2
                """,
            epochsPerStage: 83, epochsOfLastStage: 87),
    ]

    @Test("pgps+ gives the table of the MICCAI supplement, pgps and rpss its patches", arguments: chainedBatches)
    func takingTurns(table: Table) throws {
        try expect(.pgpsPlus, table)
        for scheme in [Scheme.pgps, .rpss] {
            let stages = try schedule(scheme, table).stages
            #expect(stages.map(\.patchSize) == parsed(table).map(\.patchSize))
            #expect(stages.allSatisfy { $0.batchSize == table.batchSize })
        }
    }

    @Test(
        "pgps-performance gives the table of the journal's code; two other schemes have its patches",
        arguments: filledBudgets)
    func smallestAxisFirst(table: Table) throws {
        try expect(.pgpsPerformance, table)
        for scheme in [Scheme.pgpsEfficiency, .progressiveResolution] {
            let stages = try schedule(scheme, table).stages
            #expect(stages.map(\.patchSize) == parsed(table).map(\.patchSize))
            #expect(stages.allSatisfy { $0.batchSize == table.batchSize })
        }
    }

    @Test("cps has one stage") func constantPatch() throws {
        let schedule = try schedule(.cps, Self.filledBudgets[0])
        #expect(schedule.stages.count == 1)
        #expect(schedule.stages[0].patchSize == [80, 192, 160])
        #expect(schedule.stages[0].iterations == 0..<250_000)
        #expect(schedule.voxelShare == 1)
    }

    @Test(
        "The first batches of other data sets are those of the journal",
        arguments: [
            ([40, 224, 192], [3, 5, 5], 2, 420, 16, 62), ([56, 192, 160], [3, 5, 5], 2, 420, 16, 62),
            ([64, 192, 192], [4, 5, 5], 2, 288, 14, 71), ([64, 192, 160], [4, 5, 5], 2, 240, 13, 76),
            ([112, 112, 128], [4, 4, 4], 2, 784, 20, 50),
        ] as [([Int], [Int], Int, Int, Int, Int)])
    func firstBatches(
        patchSize: [Int], poolings: [Int], batchSize: Int, firstBatch: Int, stageCount: Int, epochsPerStage: Int
    ) throws {
        let schedule = try Schedule(
            scheme: .pgpsPerformance, maximalPatchSize: patchSize, poolings: poolings, batchSize: batchSize,
            epochs: 1000, iterationsPerEpoch: 250)
        #expect(schedule.stages[0].batchSize == firstBatch)
        #expect(schedule.stages.count == stageCount)
        #expect(schedule.stages[0].epochCount == epochsPerStage)
    }

    @Test(
        "Voxel shares are the published ones",
        arguments: [
            (.pgps, 1, 0.3808, 4), (.pgps, 0, 0.3535, 4), (.pgps, 2, 0.3505, 4), (.pgps, 3, 0.369, 3),
            (.pgpsPlus, 1, 0.5178, 4), (.pgpsPlus, 0, 0.3935, 4), (.pgpsPlus, 2, 0.3523, 4),
            (.pgpsEfficiency, 1, 0.344, 3), (.pgpsEfficiency, 0, 0.311, 3), (.pgpsEfficiency, 2, 0.3306, 4),
            (.pgpsEfficiency, 3, 0.303, 3), (.pgpsPerformance, 1, 0.936, 3), (.pgpsPerformance, 0, 0.963, 3),
            (.pgpsPerformance, 2, 0.983, 3), (.pgpsPerformance, 3, 0.958, 3), (.progressiveResolution, 2, 0.3306, 4),
        ] as [(Scheme, Int, Double, Int)])
    func voxelShares(scheme: Scheme, table: Int, share: Double, digits: Int) throws {
        let schedule = try schedule(scheme, Self.filledBudgets[table])
        #expect(abs(schedule.voxelShare - share) < (digits == 4 ? 0.5e-4 : 0.5e-3) + 1e-12)
    }

    @Test("rpss expects the mean of its patches") func expectedShare() throws {
        let schedule = try schedule(.rpss, Self.filledBudgets[2])
        let mean =
            schedule.stages.reduce(0) { $0 + $1.patchVoxelCount } / schedule.stages.count
        #expect(abs(schedule.voxelShare - Double(mean) / (40 * 56 * 40)) < 1e-4)
        #expect(schedule.stages.allSatisfy { $0.iterations == 0..<250_000 && $0.epochCount == 1000 })
    }

    private func schedule(_ scheme: Scheme, _ table: Table) throws -> Schedule {
        try Schedule(
            scheme: scheme, maximalPatchSize: table.patchSize, poolings: table.poolings, batchSize: table.batchSize,
            epochs: 1000, iterationsPerEpoch: 250)
    }

    private func parsed(_ table: Table) -> [(patchSize: [Int], batchSize: Int)] {
        table.stages.split(separator: " ").map { row in
            let numbers = row.split(whereSeparator: { $0 == "," || $0 == ":" }).compactMap { Int($0) }
            return (Array(numbers.dropLast()), numbers[3])
        }
    }

    private func expect(_ scheme: Scheme, _ table: Table) throws {
        let stages = try schedule(scheme, table).stages
        let expected = parsed(table)
        #expect(stages.map(\.patchSize) == expected.map(\.patchSize))
        #expect(stages.map(\.batchSize) == expected.map(\.batchSize))
        #expect(stages.dropLast().allSatisfy { $0.epochCount == table.epochsPerStage })
        #expect(stages.last?.epochCount == table.epochsOfLastStage)
    }
}
