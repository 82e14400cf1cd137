import Curriculum

/// The stages behind a plot: a band for each, alternately shaded, with its patch and batch above.
struct StageBands {
    private struct Band {
        let stage: Stage
        let left: Double
        let right: Double
        var center: Double { (left + right) / 2 }
    }

    private let stageCount: Int
    private let bands: [Band]

    /// - Parameter x: epoch `e` covers `e − ½ … e + ½`.
    init(schedule: Schedule, x: PlotScale) {
        stageCount = schedule.stages.count
        let perEpoch = Double(schedule.iterationsPerEpoch)
        bands =
            schedule.isRandom
            ? []
            : schedule.stages.compactMap { stage in
                let first = Double(stage.firstIteration) / perEpoch - 0.5
                let end = Double(stage.iterations.upperBound) / perEpoch - 0.5
                let shown = max(first, x.values.lowerBound)..<max(first, min(end, x.values.upperBound))
                guard shown.upperBound > shown.lowerBound else { return nil }
                return Band(
                    stage: stage, left: x.position(of: shown.lowerBound), right: x.position(of: shown.upperBound))
            }
    }

    func drawShades(on document: inout SVGDocument, top: Double, height: Double) {
        for band in bands {
            document.rectangle(
                x: band.left, y: top, width: band.right - band.left, height: height,
                fill: band.stage.index.isMultiple(of: 2) ? "#eef3f8" : "#fafbfc",
                tooltip: "stage \(band.stage.index + 1) of \(stageCount): \(StageText.summary(of: band.stage))")
        }
    }

    /// Labels of two lines; where bands are narrow, the last one has its label and others stay without.
    func drawLabels(on document: inout SVGDocument, top: Double, bounds: (left: Double, right: Double)) {
        var taken: [ClosedRange<Double>] = []
        for band in bands.suffix(1) + bands.dropLast() {
            let size = ReportText.size(band.stage.patchSize)
            let batch = "batch \(band.stage.batchSize)"
            let half = max(SVGDocument.width(of: size, size: 11), SVGDocument.width(of: batch, size: 10.5)) / 2 + 3
            let center = min(max(band.center, bounds.left + half), bounds.right - half)
            let place = center - half...center + half
            guard !taken.contains(where: { $0.overlaps(place) }) else { continue }
            // A label that would stand above another band's middle says something wrong, except at the edges.
            guard abs(center - band.center) < 1 || taken.isEmpty || band.left <= bounds.left else { continue }
            taken.append(place)
            document.label(size, x: center, y: top + 12, size: 11, fill: PlotPanel.ink, anchor: .middle)
            document.label(batch, x: center, y: top + 26, size: 10.5, fill: PlotPanel.paleInk, anchor: .middle)
        }
    }
}
