import Objectives
import Testing

/// A batch cut into micro-batches, with what the loss needs to know of the whole batch given to each.
struct SplitCase: CustomTestStringConvertible, Sendable {
    var sizes: [Int]
    var batchDice: Bool
    var ignoreLabel: Int?
    var regions: [[Int]]?

    var testDescription: String {
        let parts = [
            batchDice ? "batch Dice" : nil, ignoreLabel.map { "ignore \($0)" }, regions.map { "regions \($0)" },
        ]
        return "\(sizes) \(parts.compactMap { $0 }.joined(separator: ", "))"
    }

    static let all: [SplitCase] = {
        var cases: [SplitCase] = []
        for sizes in [[2, 3], [1, 1, 3], [5]] {
            for batchDice in [false, true] {
                for ignoreLabel in [nil, 3] as [Int?] {
                    for regions in [nil, [[1, 2], [2]]] as [[[Int]]?] {
                        cases.append(
                            SplitCase(sizes: sizes, batchDice: batchDice, ignoreLabel: ignoreLabel, regions: regions))
                    }
                }
            }
        }
        return cases
    }()

    func bench(_ batchSize: Int) throws -> LossBench {
        try LossBench(
            batchSize: batchSize, headCount: regions?.count ?? 3, kind: regions.map { .regions($0) } ?? .labels,
            ignoreLabel: ignoreLabel, batchDice: batchDice, levelCount: 2)
    }
}

@Suite struct MicroBatchLossTests {
    @Test("loss and gradient of a batch are the sums over its micro-batches", arguments: SplitCase.all)
    func sumsOverMicroBatches(split: SplitCase) throws {
        let count = split.sizes.reduce(0, +)
        let whole = try split.bench(count)
        // Label 3 is ignored, where there is an ignore label; samples hold different amounts of it.
        var labels = LossBench.stripes(count, labelCount: split.ignoreLabel == nil ? 3 : 4)
        for index in labels.indices where labels[index] == 3 && index % 3 < index / LossBench.voxelCount {
            labels[index] = 1
        }
        let logits = whole.noise(7)
        let expected = whole.run(labels: labels, logits: logits)

        var batch = BatchNormalization(sampleCount: count, validVoxelCounts: [0, 0])
        var diceSums = [Double](repeating: 0, count: whole.loss.diceSumCount)
        var parts: [LossBench] = []
        var first = 0
        for size in split.sizes {
            let part = try split.bench(size)
            let sums = part.measure(
                labels: Array(labels[first * LossBench.voxelCount..<(first + size) * LossBench.voxelCount]),
                logits: whole.levels.map { level in
                    Array(logits[level][first * whole.logitCount(level)..<(first + size) * whole.logitCount(level)])
                })
            diceSums = zip(diceSums, sums).map { $0 + $1 }
            batch.validVoxelCounts = zip(batch.validVoxelCounts, part.validVoxelCounts).map { $0 + $1 }
            parts.append(part)
            first += size
        }
        batch.diceSums = split.batchDice ? diceSums : nil
        let results = parts.map { $0.differentiate(batch) }
        var loss = results.reduce(0.0) { $0 + $1.loss }
        if split.batchDice { loss += whole.loss.batchDiceLoss(diceSums) }
        #expect(abs(loss - expected.loss) <= 1e-12 * max(1, abs(expected.loss)), "\(loss), not \(expected.loss)")
        for level in whole.levels {
            let gradient = results.flatMap { $0.gradient[level] }
            #expect(gradient.count == expected.gradient[level].count)
            let largest = expected.gradient[level].map { abs($0) }.max() ?? 0
            #expect(largest > 0)
            let difference = zip(gradient, expected.gradient[level]).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference <= 1e-6 * largest, "gradient of level \(level): \(difference) of \(largest)")
        }
    }

    @Test(
        "the sums of a level are those of its samples' losses",
        arguments: [HeadKind.labels, .regions([[1, 2], [2], [1]])])
    func levelSums(kind: HeadKind) throws {
        let bench = try LossBench(batchSize: 3, kind: kind, levelCount: 2)
        _ = bench.measure(labels: LossBench.stripes(3, labelCount: 3), logits: bench.noise(8))
        let batch = BatchNormalization(sampleCount: 3, validVoxelCounts: bench.validVoxelCounts)
        let loss = bench.levels.reduce(0.0) { total, level in
            let sums = bench.objective.levelSums(level)
            let factor = bench.loss.crossEntropyFactor(validVoxelCount: batch.validVoxelCounts[level])
            return total + bench.loss.levelWeights[level] * (sums.crossEntropy * factor + sums.diceLoss / 3)
        }
        #expect(abs(loss - bench.objective.sampleLosses(batch).reduce(0, +)) <= 1e-12 * abs(loss))
    }

    @Test("cross-entropy is a mean over counted voxels, and over regions where nothing can be ignored")
    func crossEntropyFactors() {
        func factor(_ kind: HeadKind, _ ignore: Int?, _ count: Int) -> Double {
            LossDescription(headCount: 4, kind: kind, ignoreLabel: ignore, usesBatchDice: false, levelWeights: [1])
                .crossEntropyFactor(validVoxelCount: count)
        }
        #expect(factor(.labels, nil, 8) == 0.125 && factor(.labels, 4, 8) == 0.125)
        let regions = HeadKind.regions([[1], [2], [3], [1, 2]])
        #expect(factor(regions, nil, 8) == 1 / 32.0 && factor(regions, 4, 8) == 0.125)
        #expect(factor(.labels, 4, 0) == 0 && factor(regions, 4, 0) == 0)
    }
}
