import Training

/// The line of a terminal that shows where a run is, cut to the terminal's width.
enum LiveLine {
    /// - Parameters:
    ///   - secondsLeft: to the end of the last epoch; nil while it is not known.
    ///   - columnCount: characters that fit; what matters least is left out first.
    static func text(_ record: IterationRecord, epochCount: Int, secondsLeft: Double?, columnCount: Int) -> String {
        let done = record.iterationInEpoch + 1
        let isValidating = done == record.iterationsPerEpoch
        let progress = Double(done) / Double(max(1, record.iterationsPerEpoch))
        // Smaller priorities are left out first.
        var parts: [(text: String, priority: Int)] = [
            ("stage \(record.stageIndex + 1) of \(record.stageCount)", 8),
            ("\(ReportText.size(record.patchSize))", 7), ("batch \(record.batchSize)", 4),
            ("epoch \(record.epoch)/\(epochCount - 1)", 5),
            ("iteration \(done)/\(record.iterationsPerEpoch)", 9), (bar(progress), 1),
            ("loss \(ReportText.fixed(record.loss, decimals: 4))", 6),
            (isValidating ? "validating" : ReportText.seconds(record.seconds), isValidating ? 3 : 2),
        ]
        if let secondsLeft { parts.append((ReportText.duration(secondsLeft) + " left", 10)) }
        return fitted(parts, columnCount: columnCount)
    }

    static func fitted(_ parts: [(text: String, priority: Int)], columnCount: Int) -> String {
        var parts = parts
        func joined() -> String { parts.map(\.text).joined(separator: "  ") }
        while joined().count > columnCount, parts.count > 1 {
            guard let least = parts.indices.min(by: { parts[$0].priority < parts[$1].priority }) else { break }
            parts.remove(at: least)
        }
        return String(joined().prefix(max(0, columnCount)))
    }

    private static func bar(_ share: Double, width: Int = 16) -> String {
        let filled = Int((share * Double(width)).rounded(.down))
        return String(repeating: "━", count: filled) + String(repeating: "╌", count: width - filled)
    }
}
