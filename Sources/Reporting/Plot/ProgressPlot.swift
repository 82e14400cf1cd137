import Training

/// The picture of a run that nnU-Net users know as `progress.png`: losses, pseudo Dice and its moving average, learning
/// rate and seconds per epoch, with the stages of the curriculum behind.
public struct ProgressPlot {
    private static let width = 1200
    private static let left = 76.0
    private static let right = 1176.0

    private let run: RunDescription

    public init(run: RunDescription) { self.run = run }

    /// The picture as SVG.
    ///
    /// - Parameters:
    ///   - records: in the order of the epochs.
    ///   - validationDice: mean foreground Dice of the final validation, when there is one.
    public func svg(of records: [EpochRecord], validationDice: Double? = nil) -> String {
        let epochEnd = (records.last?.epoch ?? 0) + 1
        let x = PlotScale(values: -0.5...Double(epochEnd) - 0.5, pixels: (Self.left, Self.right))
        let panels = panels(records, top: run.schedule.isRandom ? 102 : 136)
        let bottom = panels.map { $0.top + $0.height }.max() ?? 0
        var document = SVGDocument(width: Self.width, height: Int(bottom) + 52, background: "#ffffff")
        document.label(title, x: Self.left, y: 34, size: 19, fill: PlotPanel.ink, isBold: true)
        document.label(
            summary(records, validationDice: validationDice), x: Self.left, y: 57, size: 13, fill: PlotPanel.paleInk)
        let bands = StageBands(schedule: run.schedule, x: x)
        for panel in panels { bands.drawShades(on: &document, top: panel.top, height: panel.height) }
        bands.drawLabels(on: &document, top: 74, bounds: (Self.left, Self.right))
        for panel in panels { panel.draw(on: &document, x: x) }
        drawEpochs(on: &document, x: x, y: bottom)
        return document.text
    }

    private var title: String {
        "\(run.dataset) · \(run.configuration) · \(run.scheme.rawValue) · fold \(run.fold)"
    }

    private func summary(_ records: [EpochRecord], validationDice: Double?) -> String {
        var parts: [String] = []
        if let last = records.last {
            parts.append("\(last.epoch + 1) of \(run.schedule.epochs) epochs")
            if run.schedule.isRandom {
                parts.append("every iteration draws one of \(run.schedule.stages.count) patches")
            } else {
                parts.append("stage \(last.stage + 1) of \(run.schedule.stages.count)")
            }
            if !last.emaPseudoDice.isNaN { parts.append("EMA pseudo Dice \(dice(last.emaPseudoDice))") }
        }
        let known = records.filter { !$0.emaPseudoDice.isNaN }
        if let best = known.max(by: { $0.emaPseudoDice < $1.emaPseudoDice }) {
            parts.append("best \(dice(best.emaPseudoDice)) in epoch \(best.epoch)")
        }
        if let validationDice, !validationDice.isNaN {
            parts.append("final validation: mean Dice \(dice(validationDice))")
        }
        return parts.joined(separator: "  ·  ")
    }

    private func dice(_ value: Double) -> String { ReportText.fixed(value, decimals: 4) }

    // MARK: - Panels

    private func panels(_ records: [EpochRecord], top: Double) -> [PlotPanel] {
        func points(_ value: (EpochRecord) -> Double) -> [(epoch: Double, value: Double)] {
            records.map { (Double($0.epoch), value($0)) }
        }
        let losses = [
            PlotSeries(name: "training", color: "#2563a8", style: .line(width: 1.6), points: points(\.trainLoss)),
            PlotSeries(
                name: "validation", color: "#cf4b3f", style: .line(width: 1.6), points: points(\.validationLoss)),
        ]
        let rates = [PlotSeries(name: nil, color: "#6b4fa0", style: .line(width: 1.6), points: points(\.learningRate))]
        let times = [
            PlotSeries(name: "waiting for patches", color: "#f0b35a", style: .area, points: points(\.dataWaitSeconds)),
            PlotSeries(name: "epoch", color: "#44546a", style: .line(width: 1.6), points: points(\.seconds)),
        ]
        let scores = diceSeries(records, points: points)
        return [
            PlotPanel(
                title: "Loss", series: losses,
                values: PlotScale.range(of: values(losses), minimumSpan: 0.2, stepCount: 6), top: top, height: 250,
                markCount: 6),
            PlotPanel(
                title: "Pseudo Dice", series: scores,
                values: PlotScale.range(of: values(scores), minimumSpan: 0.2, stepCount: 5).clamped(to: 0...1),
                top: top + 288, height: 250, remark: "of patches of the validation cases; not the Dice of whole cases"),
            PlotPanel(
                title: "Seconds per epoch", series: times,
                values: PlotScale.range(of: values(times), including: 0, stepCount: 4), top: top + 576, height: 130,
                markCount: 4),
            PlotPanel(
                title: "Learning rate", series: rates,
                values: PlotScale.range(of: values(rates), including: 0, stepCount: 3), top: top + 744, height: 90,
                markCount: 3),
        ]
    }

    /// Thin lines for the classes, the mean of each epoch as dots, and the moving average.
    private func diceSeries(
        _ records: [EpochRecord], points: ((EpochRecord) -> Double) -> [(epoch: Double, value: Double)]
    ) -> [PlotSeries] {
        let classCount = records.map(\.pseudoDice.count).max() ?? 0
        var series: [PlotSeries] = []
        if classCount > 1 {
            series = (0..<classCount).map { index in
                PlotSeries(
                    name: index == 0 ? "each class" : nil, color: "#9fcdb0", style: .line(width: 1),
                    points: points { $0.pseudoDice.indices.contains(index) ? $0.pseudoDice[index] : .nan })
            }
        }
        series.append(
            PlotSeries(name: "mean", color: "#5fae7e", style: .dots(radius: 1.5), points: points(\.meanPseudoDice)))
        series.append(
            PlotSeries(
                name: "moving average (EMA)", color: "#14663a", style: .line(width: 2), points: points(\.emaPseudoDice))
        )
        return series
    }

    private func values(_ series: [PlotSeries]) -> [Double] { series.flatMap { $0.points.map(\.value) } }

    private func drawEpochs(on document: inout SVGDocument, x: PlotScale, y: Double) {
        for epoch in x.marks(count: 12, minimumStep: 1).values {
            let position = x.position(of: epoch)
            document.line(from: (position, y), to: (position, y + 5), stroke: PlotPanel.frame)
            document.label(
                ReportText.fixed(epoch, decimals: 0), x: position, y: y + 19, size: 11, fill: PlotPanel.paleInk,
                anchor: .middle)
        }
        document.label(
            "epoch", x: (Self.left + Self.right) / 2, y: y + 38, size: 12, fill: PlotPanel.ink, anchor: .middle)
    }
}
