import Objectives
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct LossCornerTests {
    @Test("a perfect answer has a loss of about −1 and next to no gradient", arguments: [false, true], [1, 2])
    func perfect(batchDice: Bool, levelCount: Int) throws {
        let bench = try LossBench(batchSize: 2, batchDice: batchDice, levelCount: levelCount)
        let labels = LossBench.stripes(2, labelCount: 3)
        let result = bench.run(labels: labels, logits: bench.answer(labels, size: 30))
        #expect(abs(result.loss + 1) <= 1e-6)
        #expect(result.gradient.joined().allSatisfy { abs($0) <= 1e-9 })
        let regions = try LossBench(
            batchSize: 2, headCount: 2, kind: .regions([[1, 2], [2]]), batchDice: batchDice, levelCount: levelCount)
        let ofRegions = regions.run(labels: labels, logits: regions.answer(labels, size: 30))
        #expect(abs(ofRegions.loss + 1) <= 1e-6)
        #expect(ofRegions.gradient.joined().allSatisfy { abs($0) <= 1e-9 })
    }

    /// Equal logits: cross-entropy ln 3; without foreground Dice is s / (P + s) for each class, P = voxels / 3.
    @Test("classes that are absent have a Dice of about 0, or 1 when no voxel claims them")
    func absentClasses() throws {
        let bench = try LossBench(batchSize: 1)
        let labels = [Int16](repeating: 0, count: LossBench.voxelCount)
        let unsure = bench.run(
            labels: labels, logits: bench.levels.map { Array(repeating: 1, count: bench.logitCount($0)) })
        let dice = 1e-5 / (Double(LossBench.voxelCount) / 3 + 1e-5)
        #expect(abs(unsure.loss - (log(3) - dice)) <= 1e-6)
        #expect(unsure.gradient.joined().allSatisfy { $0.isFinite })
        let sure = bench.run(labels: labels, logits: bench.answer(labels, size: 30))
        #expect(abs(sure.loss + 1) <= 1e-5)
        // Cross-entropy is not blind to wrong foreground where Dice is.
        #expect(unsure.gradient[0].prefix(LossBench.voxelCount).allSatisfy { $0 < 0 })
    }

    /// Sample 0 holds class 1 alone, sample 1 class 2 alone; the answer is class 1 everywhere. In sample 0 class 1 has
    /// Dice 1, and so has class 2, which is absent and not claimed.
    @Test("Dice is per sample, or over the batch") func samplesOrBatch() throws {
        let voxels = LossBench.voxelCount
        let labels = [Int16](repeating: 1, count: voxels) + [Int16](repeating: 2, count: voxels)
        let wrong = [Int16](repeating: 1, count: 2 * voxels)
        for batchDice in [false, true] {
            let bench = try LossBench(batchSize: 2, batchDice: batchDice)
            let logits = bench.answer(wrong, size: 20)
            let loss = bench.run(labels: labels, logits: logits).loss
            // Half of all voxels are wrong by 40. Per sample: Dice 1 and 1, then 0 and 0. Batch: class 1 has
            // 2 · 1 / (2 + 1), class 2 has 0.
            let dice = batchDice ? (2.0 / 3 + 0) / 2 : (1.0 + 1 + 0 + 0) / 4
            #expect(abs(loss - (20 - dice)) <= 1e-4, "batch Dice \(batchDice): \(loss)")
        }
    }

    @Test(
        "everything ignored: cross-entropy 0, Dice 1 by its smoothing, gradient 0", arguments: [false, true],
        [HeadKind.labels, .regions([[1, 2], [2], [1]])])
    func ignoredEverywhere(batchDice: Bool, kind: HeadKind) throws {
        let bench = try LossBench(batchSize: 2, kind: kind, ignoreLabel: 3, batchDice: batchDice, levelCount: 2)
        let labels = [Int16](repeating: 3, count: 2 * LossBench.voxelCount)
        let result = bench.run(labels: labels, logits: bench.noise(0))
        #expect(bench.validVoxelCounts == [0, 0])
        #expect(abs(result.loss + 1) <= 1e-12)
        #expect(result.gradient.joined().allSatisfy { $0 == 0 })
    }

    @Test("what the network says about ignored voxels changes nothing", arguments: [false, true])
    func ignoredVoxelsAreSilent(batchDice: Bool) throws {
        let bench = try LossBench(batchSize: 2, ignoreLabel: 3, batchDice: batchDice)
        let labels = LossBench.stripes(2, labelCount: 4)
        let one = bench.run(labels: labels, logits: bench.noise(1))
        var logits = bench.noise(1)
        for sample in 0..<2 {
            for voxel in 0..<LossBench.voxelCount where labels[sample * LossBench.voxelCount + voxel] == 3 {
                for head in 0..<3 {
                    logits[0][(sample * 3 + head) * LossBench.voxelCount + voxel] = Float(head * voxel % 7)
                }
            }
        }
        let other = bench.run(labels: labels, logits: logits)
        #expect(abs(one.loss - other.loss) <= 1e-9 * abs(one.loss))
        #expect(zip(one.gradient[0], other.gradient[0]).allSatisfy { abs($0 - $1) <= 1e-8 })
        let voxels = LossBench.voxelCount
        let ignored = one.gradient[0].indices.filter { labels[$0 / 3 / voxels * voxels + $0 % voxels] == 3 }
        #expect(!ignored.isEmpty && ignored.allSatisfy { one.gradient[0][$0] == 0 })
    }

    @Test("a logit that is not a number makes the loss so, batch Dice or not", arguments: [false, true])
    func notANumber(batchDice: Bool) throws {
        let bench = try LossBench(batchSize: 2, batchDice: batchDice)
        var logits = bench.noise(2)
        logits[0][bench.logitCount(0) + 5] = .nan
        let result = bench.run(labels: LossBench.stripes(2, labelCount: 3), logits: logits)
        #expect(result.loss.isNaN && result.gradient.joined().contains { $0.isNaN })
    }
}
