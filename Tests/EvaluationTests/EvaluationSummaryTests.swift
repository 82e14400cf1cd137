import Documents
import Evaluation
import Tensors
import TestSupport
import Testing

@Suite struct EvaluationSummaryTests {
    let summary = EvaluationSummary(
        targets: [.label(1), .region([2, 3])],
        cases: [
            CaseEvaluation(
                referenceFile: "ref/a.nii.gz", predictionFile: "pred/a.nii.gz",
                counts: [
                    ClassCounts(truePositives: 2, falsePositives: 1, falseNegatives: 1, trueNegatives: 4),
                    ClassCounts(truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 8),
                ])
        ])

    @Test("A summary that was written is read again, NaN included") func roundTrip() throws {
        let json = try JSONValue(parsing: summary.json.text(indent: 4, sortedKeys: true))
        #expect(EvaluationSummary(json: json, targets: summary.targets) == summary)
        #expect(EvaluationSummary(json: json, targets: [.label(1)])?.cases[0].counts.count == 1)
        #expect(EvaluationSummary(json: json, targets: [.label(2)]) == nil)
        #expect(EvaluationSummary(json: ["metric_per_case": []], targets: summary.targets) == nil)
        #expect(EvaluationSummary(json: "text", targets: summary.targets) == nil)
    }

    @Test("Scores of copies name the copies") func moved() {
        let moved = summary.moved(to: "other")
        #expect(moved.cases[0].predictionFile == "other/a.nii.gz" && moved.cases[0].referenceFile == "ref/a.nii.gz")
        #expect(moved.cases[0].counts == summary.cases[0].counts)
    }

    @Test("Predictions are adjusted before they are scored, references never") func adjusted() throws {
        let row = Tensor<Int32>(shape: [1, 1, 4], scalars: [1, 1, 0, 1])
        var comparison = FolderComparison(targets: [.label(1)]) { _ in row }
        let plain = try comparison.compare(reference: "a", prediction: "b").counts[0]
        #expect(plain.dice == 1)
        comparison.adjustPrediction = { $0.scalars[3] = 0 }
        let adjusted = try comparison.compare(reference: "a", prediction: "b").counts[0]
        #expect(adjusted == ClassCounts(truePositives: 2, falsePositives: 0, falseNegatives: 1, trueNegatives: 1))
    }
}
