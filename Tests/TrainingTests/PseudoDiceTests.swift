import Datasets
import Kernels
import Networks
import Objectives
import Testing
import Training

@Suite struct PseudoDiceTests {
    /// A session of so many heads on eight voxels, whose "probabilities" a test writes, `[N, heads, 2, 2, 2]`.
    private func batch(_ loss: LossDescription, labels: [Int16], probabilities: [Float]) throws -> CompiledBatch {
        let sampleCount = labels.count / 8
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: loss.headCount, features: [2, 2],
            kernelSizes: [[1, 1, 1], [1, 1, 1]], strides: [[1, 1, 1], [2, 2, 2]], encoderConvolutionCounts: [1, 1],
            decoderConvolutionCounts: [1])
        let session = try Session(
            architecture: architecture, batchSize: sampleCount, patchSize: [2, 2, 2], purpose: .training,
            engine: .openBLAS)
        let batch = CompiledBatch(
            session: session,
            loss: DeepSupervisionLoss(description: loss, batchSize: sampleCount, sizes: session.logitSizes))
        batch.loss.targets.fill(from: labels)
        session.logits(level: 0).update(from: probabilities, count: probabilities.count)
        return batch
    }

    private func loss(_ headCount: Int, _ kind: HeadKind, ignore: Int?) -> LossDescription {
        LossDescription(headCount: headCount, kind: kind, ignoreLabel: ignore, usesBatchDice: false, levelWeights: [1])
    }

    /// One row of probabilities per head that make `answers` the largest.
    private func certain(_ answers: [Int], headCount: Int) -> [Float] {
        stride(from: 0, to: answers.count, by: 8).flatMap { first in
            (0..<headCount).flatMap { head in answers[first..<first + 8].map { $0 == head ? Float(0.5) : 0.1 } }
        }
    }

    @Test("labels: true and false positives and false negatives per foreground class, over batches")
    func labels() throws {
        let loss = loss(4, .labels, ignore: nil)
        var dice = PseudoDice(labels: LabelManager(allLabels: [0, 1, 2, 3]), loss: loss)
        dice.add(
            try batch(
                loss, labels: [0, 0, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0],
                probabilities: certain([0, 1, 1, 1, 2, 2, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0], headCount: 4)))
        #expect(dice.counts == [6, 2, 1, 1, 1, 2, 0, 0, 0])
        let values = PseudoDice.values(dice.counts)
        #expect(values[0] == 12.0 / 15 && values[1] == 2.0 / 5 && values[2].isNaN)
        dice.add(
            try batch(
                loss, labels: [3, 0, 0, 0, 0, 0, 0, 0], probabilities: certain([0, 0, 0, 0, 0, 0, 0, 3], headCount: 4)))
        #expect(dice.counts == [6, 2, 1, 1, 1, 2, 0, 1, 1])
        #expect(PseudoDice.values(dice.counts)[2] == 0)
    }

    @Test("ignored voxels count nowhere") func ignored() throws {
        let loss = loss(3, .labels, ignore: 3)
        var dice = PseudoDice(labels: LabelManager(allLabels: [0, 1, 2], ignoreLabel: 3), loss: loss)
        dice.add(
            try batch(
                loss, labels: [3, 3, 3, 1, 1, 2, 0, 0],
                probabilities: certain([0, 1, 2, 1, 2, 2, 0, 1], headCount: 3)))
        #expect(dice.counts == [1, 1, 1, 1, 1, 0])
    }

    @Test("regions: every head on its own, above one half") func regions() throws {
        for ignore in [nil, 3] as [Int?] {
            let loss = loss(2, .regions([[1, 2], [2]]), ignore: ignore)
            var dice = PseudoDice(
                labels: LabelManager(
                    allLabels: [0, 1, 2], ignoreLabel: ignore, regions: [[1, 2], [2]], regionsClassOrder: [1, 2]),
                loss: loss)
            dice.add(
                try batch(
                    loss, labels: [0, 1, 2, 2, 0, 1, ignore.map { Int16($0) } ?? 0, 0],
                    probabilities: [
                        0.6, 0.6, 0.51, 0.4, 0.5, 0.5, 0.9, 0,  // 1 or 2
                        0.1, 0.6, 0.7, 0.8, 0.5, 0.4, 0.9, 0,  // 2
                    ]))
            let extra = ignore == nil ? 1 : 0
            #expect(dice.counts == [2, 1 + extra, 2, 2, 1 + extra, 0])
        }
    }

    @Test("nothing counted: NaN for every class") func nothing() {
        let dice = PseudoDice(labels: LabelManager(allLabels: [0, 1, 2]), loss: loss(3, .labels, ignore: nil))
        let values = PseudoDice.values(dice.counts)
        #expect(values.count == 2 && values.allSatisfy { $0.isNaN })
    }
}
