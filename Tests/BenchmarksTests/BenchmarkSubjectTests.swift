import Benchmarks
import Kernels
import Testing

@Suite struct BenchmarkSubjectTests {
    @Test(
        "Networks, patches, batches and micro-batches",
        arguments: [
            (BenchmarkNetwork.hippo, [40, 56, 40], 9, 1), (.hippo8, [8, 8, 8], 1575, 197), (.mid, [64, 64, 64], 2, 1),
            (.full, [128, 128, 128], 2, 1),
        ])
    func own(network: BenchmarkNetwork, patchSize: [Int], batchSize: Int, microBatchSize: Int) throws {
        let subject = try BenchmarkSubject(network: network)
        #expect(subject.patchSize == patchSize && subject.batchSize == batchSize)
        #expect(subject.microBatchSize == microBatchSize)
        #expect(subject.settings.loss.levelWeights.count == subject.settings.architecture.levelCount - 2)
    }

    @Test("A patch that the strides do not divide is refused") func patch() {
        #expect(throws: BenchmarkError.patchSize([8, 8, 12], network: .hippo, divisors: [8, 8, 8])) {
            try BenchmarkSubject(network: .hippo, patchSize: [8, 8, 12])
        }
        #expect(throws: BenchmarkError.patchSize([16, 16], network: .mid, divisors: [16, 16, 16])) {
            try BenchmarkSubject(network: .mid, patchSize: [16, 16])
        }
        #expect(throws: BenchmarkError.batchSize(0)) { try BenchmarkSubject(network: .hippo, batchSize: 0) }
    }

    @Test("The reference gets a patch that it can do, and one that has a gradient") func affordable() throws {
        let hippo = EngineComparison.affordable(try BenchmarkSubject(network: .hippo))
        #expect(hippo.patchSize == [40, 56, 40] && hippo.sampleCount == 1)
        let cut = EngineComparison.affordable(try BenchmarkSubject(network: .mid, patchSize: [64, 64, 128]))
        #expect(cut.patchSize == [64, 64, 64] && cut.reason != nil && hippo.reason == nil)
        let narrow = EngineComparison.affordable(try BenchmarkSubject(network: .hippo, patchSize: [8, 24, 8]))
        #expect(narrow.patchSize == [16, 24, 8] && narrow.reason != nil)
        let small = EngineComparison.affordable(try BenchmarkSubject(network: .hippo8))
        #expect(small.patchSize == [8, 8, 8] && small.sampleCount == 197)
        let full = EngineComparison.affordable(try BenchmarkSubject(network: .full))
        #expect(full.patchSize == [64, 64, 64] && full.sampleCount == 1)
    }

    @Test("Synthetic patches: normal values, even labels, the same for every seed") func synthetic() {
        func make(_ seed: UInt64) -> SyntheticBatch {
            SyntheticBatch(sampleCount: 4, channelCount: 2, patchSize: [8, 16, 16], labelCount: 3, seed: seed)
        }
        let batch = make(3)
        let images = batch.images.array
        #expect(images.count == 4 * 2 * 2048 && batch.labels.count == 4 * 2048)
        let mean = images.reduce(0, +) / Float(images.count)
        let variance = images.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(images.count)
        #expect(abs(mean) < 0.04 && abs(variance - 1) < 0.06)
        for label in 0..<3 {
            #expect(abs(batch.labels.array.count { $0 == label } - 8192 / 3) < 200)
        }
        #expect(make(3).images.array == images && make(4).images.array != images)
    }
}
