import Evaluation
import Tensors
import Testing

@Suite struct ConfusionTableTests {
    let reference = Tensor<Int32>(shape: [1, 2, 4], scalars: [0, 1, 1, 2, 2, 3, 0, 1])
    let prediction = Tensor<Int32>(shape: [1, 2, 4], scalars: [0, 1, 2, 2, 0, 1, 7, 1])

    @Test func countsWorkedByHand() {
        let table = ConfusionTable(
            reference: reference, prediction: prediction, targets: [.label(1), .region([1, 2])])
        let one = table.counts(of: .label(1))
        #expect(one == ClassCounts(truePositives: 2, falsePositives: 1, falseNegatives: 1, trueNegatives: 4))
        #expect(one.dice == 4.0 / 6 && one.intersectionOverUnion == 0.5)
        #expect(one.predictedCount == 3 && one.referenceCount == 3)
        let both = table.counts(of: .region([1, 2]))
        #expect(both == ClassCounts(truePositives: 4, falsePositives: 1, falseNegatives: 1, trueNegatives: 2))
    }

    @Test func ignoredVoxelsCountForNothing() {
        let table = ConfusionTable(
            reference: reference, prediction: prediction, targets: [.label(1)], ignoreLabel: 3)
        #expect(
            table.counts(of: .label(1))
                == ClassCounts(truePositives: 2, falsePositives: 0, falseNegatives: 1, trueNegatives: 4))
        #expect(table.voxelCount == 7)
    }

    @Test func aTargetThatOccursNowhereHasNoDice() {
        let table = ConfusionTable(reference: reference, prediction: prediction, targets: [.label(5)])
        #expect(table.counts(of: .label(5)).dice.isNaN && table.counts(of: .label(5)).intersectionOverUnion.isNaN)
        let all = Tensor<Int32>(shape: [1, 2, 4], repeating: 3)
        let ignored = ConfusionTable(reference: all, prediction: all, targets: [.label(3)], ignoreLabel: 3)
        #expect(ignored.voxelCount == 0 && ignored.counts(of: .label(3)).dice.isNaN)
    }

    @Test(arguments: [
        (EvaluationTarget.label(1), "1"), (.region([1, 2, 3]), "(1, 2, 3)"), (.region([4]), "(4,)"),
    ]) func keysAreThoseOfPython(target: EvaluationTarget, key: String) {
        #expect(target.key == key)
        #expect(EvaluationTarget(key: key) == target)
    }

    @Test(arguments: ["", "one", "()", "(1, x)"]) func otherKeysAreRefused(key: String) {
        #expect(EvaluationTarget(key: key) == nil)
    }
}
