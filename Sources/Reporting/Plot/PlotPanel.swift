/// One diagram of a plot: frame, marks, legend and series over a common axis of epochs.
struct PlotPanel {
    let title: String
    let series: [PlotSeries]
    /// Bounds of the values.
    let values: ClosedRange<Double>
    /// Pixels of the frame's upper edge and its height.
    let top: Double
    let height: Double
    /// About how many values are marked.
    var markCount = 5
    /// What the reader should know about the values; at the right end of the legend.
    var remark = ""

    static let ink = "#24292f"
    static let paleInk = "#6e7781"
    static let frame = "#b6bec7"
    static let grid = "#e4e8ec"

    func draw(on document: inout SVGDocument, x: PlotScale) {
        let (left, right) = x.pixels
        let y = PlotScale(values: values, pixels: (top + height, top))
        let marks = y.marks(count: markCount)
        for mark in marks.values {
            let position = y.position(of: mark)
            document.line(from: (left, position), to: (right, position), stroke: mark == 0 ? Self.frame : Self.grid)
            document.label(
                ReportText.fixed(mark, decimals: marks.decimals), x: left - 8, y: position + 4, size: 11,
                fill: Self.paleInk, anchor: .end)
        }
        document.rectangle(x: left, y: top, width: right - left, height: height, fill: "none", stroke: Self.frame)
        for entry in series { draw(entry, on: &document, x: x, y: y) }
        drawLegend(on: &document, left: left)
        document.label(remark, x: right, y: top - 8, size: 11.5, fill: Self.paleInk, anchor: .end)
        if !series.contains(where: { $0.points.contains { $0.value.isFinite } }) {
            document.label(
                "no values", x: (left + right) / 2, y: top + height / 2 + 4, size: 12, fill: Self.paleInk,
                anchor: .middle)
        }
    }

    private func draw(_ entry: PlotSeries, on document: inout SVGDocument, x: PlotScale, y: PlotScale) {
        // With few epochs each of them is to be seen.
        let isSparse = entry.points.count <= 60
        for piece in entry.pieces(x: x, y: y).map(PlotSeries.thinned) {
            guard let first = piece.first, let last = piece.last else { continue }
            switch entry.style {
            case .line(let width):
                if piece.count > 1 { document.polyline(piece, stroke: entry.color, width: width) }
                if isSparse || piece.count == 1 { document.discs(piece, radius: width * 1.5, fill: entry.color) }
            case .dots(let radius): document.discs(piece, radius: isSparse ? radius * 1.6 : radius, fill: entry.color)
            case .area:
                let base = y.position(of: 0)
                // A single epoch is a bar as wide as a dot.
                let margin = piece.count == 1 ? 3.0 : 0
                document.polygon(
                    [(first.x - margin, base), (first.x - margin, first.y)] + piece
                        + [(last.x + margin, last.y), (last.x + margin, base)], fill: entry.color)
            }
        }
    }

    private func drawLegend(on document: inout SVGDocument, left: Double) {
        let base = top - 8
        document.label(title, x: left, y: base, size: 12.5, fill: Self.ink, isBold: true)
        var position = left + SVGDocument.width(of: title, size: 12.5) * 1.14 + 18
        for entry in series {
            guard let name = entry.name else { continue }
            switch entry.style {
            case .line(let width):
                document.line(
                    from: (position, base - 4), to: (position + 18, base - 4), stroke: entry.color, width: width + 0.4)
            case .dots: document.discs([(position + 9, base - 4)], radius: 3, fill: entry.color)
            case .area: document.rectangle(x: position, y: base - 9, width: 18, height: 9, fill: entry.color)
            }
            document.label(name, x: position + 24, y: base, size: 11.5, fill: Self.ink)
            position += 24 + SVGDocument.width(of: name, size: 11.5) + 20
        }
    }
}
