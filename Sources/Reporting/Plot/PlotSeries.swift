/// Values over epochs, and how they are drawn.
struct PlotSeries {
    enum Style {
        case line(width: Double)
        case dots(radius: Double)
        /// From the axis' zero up to the values.
        case area
    }

    /// In the legend; nil for none.
    var name: String?
    var color: String
    var style: Style
    /// In the order of the epochs; values that are not finite leave a gap.
    var points: [(epoch: Double, value: Double)]

    /// The points as pixels, cut at the gaps.
    func pieces(x: PlotScale, y: PlotScale) -> [[(x: Double, y: Double)]] {
        var pieces: [[(x: Double, y: Double)]] = []
        var piece: [(x: Double, y: Double)] = []
        for point in points {
            if point.value.isFinite {
                piece.append((x.position(of: point.epoch), y.position(of: point.value)))
            } else if !piece.isEmpty {
                pieces.append(piece)
                piece = []
            }
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }

    /// Leaves out what cannot be seen: of many points in one column of pixels stay the first, the last, the highest and
    /// the lowest.
    static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        var result: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = points[start].x.rounded(.down)
            var end = start + 1
            while end < points.count, points[end].x.rounded(.down) == column { end += 1 }
            if end - start <= 4 {
                result += points[start..<end]
            } else {
                let inside = start..<end
                let lowest = inside.min { points[$0].y < points[$1].y } ?? start
                let highest = inside.max { points[$0].y < points[$1].y } ?? start
                result += Set([start, lowest, highest, end - 1]).sorted().map { points[$0] }
            }
            start = end
        }
        return result
    }
}
