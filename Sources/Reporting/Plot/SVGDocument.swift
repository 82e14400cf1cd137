/// A picture in Scalable Vector Graphics 1.1: what a plot needs of it.
///
/// Lengths are pixels, y grows downwards; coordinates are written to a tenth.
struct SVGDocument {
    enum Anchor: String { case start, middle, end }

    private let width: Int
    private let height: Int
    private var body = ""

    init(width: Int, height: Int, background: String) {
        self.width = width
        self.height = height
        rectangle(x: 0, y: 0, width: Double(width), height: Double(height), fill: background)
    }

    /// The whole document.
    var text: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
        font-family="'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif">
        \(body)</svg>

        """
    }

    /// - Parameter tooltip: what a browser shows under the pointer.
    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, fill: String, stroke: String? = nil, tooltip: String? = nil
    ) {
        body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
        body += "height=\"\(Self.number(height))\" fill=\"\(fill)\""
        if let stroke { body += " stroke=\"\(stroke)\"" }
        body += tooltip.map { "><title>\(Self.escaped($0))</title></rect>\n" } ?? "/>\n"
    }

    mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), stroke: String, width: Double = 1
    ) {
        body += "<line x1=\"\(Self.number(start.x))\" y1=\"\(Self.number(start.y))\" x2=\"\(Self.number(end.x))\" "
        body += "y2=\"\(Self.number(end.y))\" stroke=\"\(stroke)\" stroke-width=\"\(Self.number(width))\"/>\n"
    }

    mutating func polyline(_ points: [(x: Double, y: Double)], stroke: String, width: Double) {
        body += "<polyline fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"\(Self.number(width))\" "
        body += "stroke-linejoin=\"round\" points=\"\(Self.list(points))\"/>\n"
    }

    mutating func polygon(_ points: [(x: Double, y: Double)], fill: String) {
        body += "<polygon fill=\"\(fill)\" points=\"\(Self.list(points))\"/>\n"
    }

    /// Discs of one size and color.
    mutating func discs(_ centers: [(x: Double, y: Double)], radius: Double, fill: String) {
        guard !centers.isEmpty else { return }
        body += "<g fill=\"\(fill)\">\n"
        for center in centers {
            body += "<circle cx=\"\(Self.number(center.x))\" cy=\"\(Self.number(center.y))\" "
            body += "r=\"\(Self.number(radius))\"/>\n"
        }
        body += "</g>\n"
    }

    /// - Parameter y: of the line on which the letters stand.
    mutating func label(
        _ text: String, x: Double, y: Double, size: Double, fill: String, anchor: Anchor = .start, isBold: Bool = false
    ) {
        body += "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\" "
        body += "fill=\"\(fill)\""
        if anchor != .start { body += " text-anchor=\"\(anchor.rawValue)\"" }
        if isBold { body += " font-weight=\"bold\"" }
        body += ">\(Self.escaped(text))</text>\n"
    }

    /// About the width of a text, for placing labels.
    static func width(of text: String, size: Double) -> Double { Double(text.count) * size * 0.62 }

    private static func list(_ points: [(x: Double, y: Double)]) -> String {
        points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    }

    /// A coordinate to a tenth; what is far outside of any picture is cut, what is no number is 0.
    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let tenths = Int((min(max(value, -1e6), 1e6) * 10).rounded())
        let magnitude = abs(tenths)
        let text = magnitude % 10 == 0 ? "\(magnitude / 10)" : "\(magnitude / 10).\(magnitude % 10)"
        return tenths < 0 ? "-" + text : text
    }

    /// Text as XML 1.0 allows it: markup escaped, control characters left out.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
