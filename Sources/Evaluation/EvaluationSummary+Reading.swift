import Documents

extension EvaluationSummary {
    /// Reads the document that ``json`` and nnU-Net write; means are computed anew from the counts.
    ///
    /// - Parameter targets: what is asked for; each case must have the counts of all of them.
    public init?(json: JSONValue, targets: [EvaluationTarget]) {
        guard let entries = json["metric_per_case"]?.array, !entries.isEmpty else { return nil }
        var cases: [CaseEvaluation] = []
        for entry in entries {
            let counts = targets.compactMap { ClassCounts(json: entry["metrics"]?[$0.key]) }
            guard counts.count == targets.count, let reference = entry["reference_file"]?.string,
                let prediction = entry["prediction_file"]?.string
            else { return nil }
            cases.append(CaseEvaluation(referenceFile: reference, predictionFile: prediction, counts: counts))
        }
        self.init(targets: targets, cases: cases)
    }

    /// The scores that a folder of predictions already has; nil where they are missing or belong to other targets.
    public static func existing(in folder: String, targets: [EvaluationTarget]) -> EvaluationSummary? {
        let path = FolderComparison.join(folder, "summary.json")
        guard let json = try? JSONValue(contentsOf: path) else { return nil }
        return EvaluationSummary(json: json, targets: targets)
    }

    /// The same scores for copies of the predictions in another folder.
    public func moved(to folder: String) -> EvaluationSummary {
        EvaluationSummary(
            targets: targets,
            cases: cases.map { scored in
                let name = scored.predictionFile.split(separator: "/").last.map(String.init) ?? scored.predictionFile
                return CaseEvaluation(
                    referenceFile: scored.referenceFile, predictionFile: FolderComparison.join(folder, name),
                    counts: scored.counts)
            })
    }
}

extension ClassCounts {
    /// The counts among the metrics of `summary.json`.
    fileprivate init?(json: JSONValue?) {
        func count(_ metric: Metric) -> Int? { json?[metric.rawValue]?.integer }
        guard let truePositives = count(.truePositives), let falsePositives = count(.falsePositives),
            let falseNegatives = count(.falseNegatives), let trueNegatives = count(.trueNegatives)
        else { return nil }
        self.init(
            truePositives: truePositives, falsePositives: falsePositives, falseNegatives: falseNegatives,
            trueNegatives: trueNegatives)
    }
}
