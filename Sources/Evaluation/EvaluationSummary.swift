import Documents

/// The scores of one case.
public struct CaseEvaluation: Sendable, Equatable {
    public let referenceFile: String
    public let predictionFile: String
    /// One entry per target, in the targets' order.
    public let counts: [ClassCounts]

    public init(referenceFile: String, predictionFile: String, counts: [ClassCounts]) {
        self.referenceFile = referenceFile
        self.predictionFile = predictionFile
        self.counts = counts
    }
}

/// The scores of a folder of predictions: what nnU-Net writes as `summary.json`.
public struct EvaluationSummary: Sendable, Equatable {
    public let targets: [EvaluationTarget]
    public let cases: [CaseEvaluation]

    /// - Precondition: every case has one entry per target.
    public init(targets: [EvaluationTarget], cases: [CaseEvaluation]) {
        precondition(cases.allSatisfy { $0.counts.count == targets.count }, "a case lacks counts of a target")
        self.targets = targets
        self.cases = cases
    }

    /// Mean over the cases for one target; a case where the metric is not defined (NaN) does not count.
    ///
    /// - Parameter index: place in ``targets``.
    public func mean(of metric: Metric, target index: Int) -> Double {
        NumPyMean.meanWithoutNaN(cases.map { $0.counts[index].value(of: metric) })
    }

    /// Mean over the targets of their means; NaN when one target occurs in no case at all.
    public func foregroundMean(of metric: Metric) -> Double {
        NumPyMean.mean(targets.indices.map { mean(of: metric, target: $0) })
    }

    public var foregroundMeanDice: Double { foregroundMean(of: .dice) }

    /// Mean Dice per target, in the targets' order.
    public var meanDicePerTarget: [Double] { targets.indices.map { mean(of: .dice, target: $0) } }

    /// The document with nnU-Net's keys.
    public var json: JSONValue {
        var means = JSONObject()
        for (index, target) in targets.enumerated() {
            means[target.key] = .object(Self.members { .real(mean(of: $0, target: index)) })
        }
        let perCase = cases.map { scored in
            var metrics = JSONObject()
            for (target, counts) in zip(targets, scored.counts) {
                metrics[target.key] = .object(
                    Self.members { metric in
                        switch metric {
                        case .dice, .intersectionOverUnion: .real(counts.value(of: metric))
                        default: .integer(Int(counts.value(of: metric)))
                        }
                    })
            }
            return JSONValue.object([
                "metrics": .object(metrics), "prediction_file": .string(scored.predictionFile),
                "reference_file": .string(scored.referenceFile),
            ])
        }
        return .object([
            "foreground_mean": .object(Self.members { .real(foregroundMean(of: $0)) }), "mean": .object(means),
            "metric_per_case": .array(perCase),
        ])
    }

    private static func members(_ value: (Metric) -> JSONValue) -> JSONObject {
        var object = JSONObject()
        for metric in Metric.allCases { object[metric.rawValue] = value(metric) }
        return object
    }

    /// Writes `summary.json` as nnU-Net does: sorted keys, four spaces per level, `NaN` where nothing is defined.
    public func write(to path: String) throws(FileError) {
        try FileAccess.replace(path, with: json.text(indent: 4, sortedKeys: true))
    }
}
