/// The numbers that `summary.json` holds for each target, by their names there.
public enum Metric: String, CaseIterable, Sendable {
    case dice = "Dice"
    case falseNegatives = "FN"
    case falsePositives = "FP"
    case intersectionOverUnion = "IoU"
    case trueNegatives = "TN"
    case truePositives = "TP"
    case predictedCount = "n_pred"
    case referenceCount = "n_ref"
}

extension ClassCounts {
    /// One of the numbers that follow from the counts.
    public func value(of metric: Metric) -> Double {
        switch metric {
        case .dice: dice
        case .intersectionOverUnion: intersectionOverUnion
        case .falseNegatives: Double(falseNegatives)
        case .falsePositives: Double(falsePositives)
        case .trueNegatives: Double(trueNegatives)
        case .truePositives: Double(truePositives)
        case .predictedCount: Double(predictedCount)
        case .referenceCount: Double(referenceCount)
        }
    }
}

/// Means as NumPy takes them, down to the last bit.
package enum NumPyMean {
    /// The mean of all values; NaN when there are none or one is NaN.
    package static func mean(_ values: [Double]) -> Double { pairwiseSum(values[...]) / Double(values.count) }

    /// The mean of the values that are not NaN; NaN when there are none.
    package static func meanWithoutNaN(_ values: [Double]) -> Double {
        let missing = values.count(where: \.isNaN)
        return pairwiseSum(values.map { $0.isNaN ? 0 : $0 }[...]) / Double(values.count - missing)
    }

    /// The order of additions of `numpy.add.reduce` on contiguous float64: plain below 8 values, eight partial sums up
    /// to 128 values, halves (cut at a multiple of eight) above.
    private static func pairwiseSum(_ values: ArraySlice<Double>) -> Double {
        if values.count < 8 { return values.reduce(0, +) }
        if values.count > 128 {
            let half = values.startIndex + values.count / 2 / 8 * 8
            return pairwiseSum(values[..<half]) + pairwiseSum(values[half...])
        }
        var partial = Array(values.prefix(8))
        let end = values.startIndex + values.count / 8 * 8
        for index in values.startIndex + 8..<end { partial[(index - values.startIndex) % 8] += values[index] }
        let sum =
            ((partial[0] + partial[1]) + (partial[2] + partial[3]))
            + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
        return values[end...].reduce(sum, +)
    }
}
