import Curriculum
import Patches
import Testing

@Suite struct DataBenchmarkTests {
    private let plan = (patchSize: [40, 56, 40], poolings: [3, 3, 3], batchSize: 9)

    private func benchmark(_ patchSize: [Int]) throws -> DataBenchmark {
        try DataBenchmark(patchSize: patchSize, plan: plan, material: .synthetic(patchSize: [16, 16, 16]))
    }

    @Test(
        "A stage's patch is read in the stage's batch, another patch in one of as many voxels, at least two",
        arguments: [
            ([8, 8, 8], 1575), ([40, 56, 40], 9), ([16, 8, 8], 787), ([10, 10, 10], 806), ([96, 96, 96], 2),
        ])
    func batches(patchSize: [Int], batchSize: Int) throws {
        let stage = try benchmark(patchSize).stage
        #expect(stage.patchSize == patchSize && stage.batchSize == batchSize)
    }

    @Test("Every construction is measured, and the shares of the steps make up the whole") func measurements() throws {
        let benchmark = try benchmark([16, 16, 16])
        #expect(try DataBenchmark.Material.synthetic(patchSize: [8, 8, 8]).open() >= 0)
        for construction in BatchConstruction.allCases { try benchmark.verify(construction) }
        let found = try benchmark.run([.splitCrop, .singleCrop], seconds: 1e-9)
        #expect(found.map(\.construction) == [.splitCrop, .singleCrop])
        for measurement in found {
            #expect(measurement.seconds.count == 10 && measurement.patchCount == 10 * measurement.batchSize)
            #expect(measurement.threadSecondsPerPatch > 0)
            #expect(measurement.seconds(atShare: 0.1) <= measurement.seconds(atShare: 0.9))
            #expect(abs(measurement.profile.reduce(0) { $0 + $1.share } - 1) < 1e-9)
            #expect(
                Set(measurement.profile.map(\.step)).isSuperset(of: ["draw", "crop", "spatial", "gamma", "finish"]))
        }
    }

    @Test("A patch that cannot be is refused") func refusals() {
        #expect(throws: CurriculumError.self) { try benchmark([0, 8, 8]) }
        #expect(throws: CurriculumError.self) { try benchmark([8, 8]) }
    }
}
