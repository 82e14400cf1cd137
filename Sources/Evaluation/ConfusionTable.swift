import Tensors

/// Counts of voxels for one target: what was found, what was missed, what was made up.
public struct ClassCounts: Sendable, Equatable {
    public var truePositives: Int
    public var falsePositives: Int
    public var falseNegatives: Int
    public var trueNegatives: Int

    public init(truePositives: Int, falsePositives: Int, falseNegatives: Int, trueNegatives: Int) {
        self.truePositives = truePositives
        self.falsePositives = falsePositives
        self.falseNegatives = falseNegatives
        self.trueNegatives = trueNegatives
    }

    /// `2TP / (2TP + FP + FN)`; NaN where neither image holds the target.
    public var dice: Double {
        let denominator = 2 * truePositives + falsePositives + falseNegatives
        return denominator == 0 ? .nan : Double(2 * truePositives) / Double(denominator)
    }

    /// `TP / (TP + FP + FN)`; NaN where neither image holds the target.
    public var intersectionOverUnion: Double {
        let denominator = truePositives + falsePositives + falseNegatives
        return denominator == 0 ? .nan : Double(truePositives) / Double(denominator)
    }

    /// Voxels of the target in the prediction.
    public var predictedCount: Int { truePositives + falsePositives }
    /// Voxels of the target in the reference.
    public var referenceCount: Int { truePositives + falseNegatives }
}

/// How often each pair of reference label and predicted label occurs in one case: every target's counts follow from it,
/// so that the voxels are visited once, however many targets there are.
public struct ConfusionTable: Sendable {
    /// Row and column of every label that a target names; all other labels share the last ones.
    private let places: [Int: Int]
    private let side: Int
    /// `side × side` counts, reference by rows.
    private var counts: [Int]
    private var rowSums: [Int] = []
    private var columnSums: [Int] = []
    /// Voxels that count: all but those whose reference is the ignore label.
    public private(set) var voxelCount = 0

    /// Compares two label maps.
    ///
    /// - Shapes: both `[D, H, W]`, equal.
    /// - Parameters:
    ///   - targets: the labels and regions that will be asked for.
    ///   - ignoreLabel: voxels with this label in the reference count for nothing.
    /// - Precondition: equal shapes.
    /// - Complexity: one pass over the voxels.
    public init(
        reference: Tensor<Int32>, prediction: Tensor<Int32>, targets: [EvaluationTarget], ignoreLabel: Int? = nil
    ) {
        precondition(
            reference.shape == prediction.shape,
            "label maps of shapes \(reference.shape) and \(prediction.shape) cannot be compared")
        let labels = Set(targets.flatMap(\.labels)).sorted()
        places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        side = labels.count + 1
        counts = Array(repeating: 0, count: side * side)
        reference.scalars.withUnsafeBufferPointer { reference in
            prediction.scalars.withUnsafeBufferPointer { prediction in
                count(reference, prediction, ignoreLabel: ignoreLabel)
            }
        }
        rowSums = (0..<side).map { row in counts[row * side..<(row + 1) * side].reduce(0, +) }
        columnSums = (0..<side).map { column in
            stride(from: column, to: counts.count, by: side).reduce(0) { $0 + counts[$1] }
        }
        voxelCount = rowSums.reduce(0, +)
    }

    /// Label maps are made of long runs, so the table is touched once per run of equal pairs.
    private mutating func count(
        _ reference: UnsafeBufferPointer<Int32>, _ prediction: UnsafeBufferPointer<Int32>, ignoreLabel: Int?
    ) {
        var start = 0
        while start < reference.count {
            let referenceLabel = reference[start]
            let predictedLabel = prediction[start]
            var end = start + 1
            while end < reference.count, reference[end] == referenceLabel, prediction[end] == predictedLabel {
                end += 1
            }
            if Int(referenceLabel) != ignoreLabel {
                let row = places[Int(referenceLabel)] ?? side - 1
                let column = places[Int(predictedLabel)] ?? side - 1
                counts[row * side + column] += end - start
            }
            start = end
        }
    }

    /// The counts of one of the targets that the table was made for.
    public func counts(of target: EvaluationTarget) -> ClassCounts {
        let members = Set(target.labels).map { label in
            guard let place = places[label] else {
                preconditionFailure("the table was not made for label \(label)")
            }
            return place
        }
        let truePositives = members.reduce(0) { sum, row in
            members.reduce(sum) { $0 + counts[row * side + $1] }
        }
        let referenceCount = members.reduce(0) { $0 + rowSums[$1] }
        let predictedCount = members.reduce(0) { $0 + columnSums[$1] }
        return ClassCounts(
            truePositives: truePositives, falsePositives: predictedCount - truePositives,
            falseNegatives: referenceCount - truePositives,
            trueNegatives: voxelCount - referenceCount - predictedCount + truePositives)
    }
}
