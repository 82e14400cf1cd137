import Foundation

/// The texts of values in run configurations.
enum RunText {
    /// Words separated by spaces or commas.
    static func words(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }

    /// Whether two names are the same; between words `-` and `_` are.
    static func isSame(_ text: String, _ name: String) -> Bool {
        String(text.map { $0 == "_" ? "-" : $0 }) == name
    }

    /// An integer in plain decimal digits.
    static func integer<Number: FixedWidthInteger>(_ text: String) -> Number? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Number(text)
    }

    /// As YAML 1.1 has them.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    /// Axes in ascending order: numbers from 0 to 2, each once, or `none`.
    static func axes(_ words: [String]) -> [Int]? {
        if words == ["none"] { return [] }
        let axes = words.compactMap { word -> Int? in integer(word) }
        guard !words.isEmpty, axes.count == words.count, Set(axes).count == axes.count,
            axes.allSatisfy({ (0...2).contains($0) })
        else { return nil }
        return axes.sorted()
    }

    /// What the file of pretrained weights must be.
    static let weightsRule = "the path of a .pth of nnU-Net, a .safetensors or a .h5"

    /// The absolute path of such a file, wherever the run goes on; nil for another ending.
    static func weightsPath(_ text: String) -> String? {
        let url = URL(fileURLWithPath: text).standardizedFileURL
        return ["pth", "safetensors", "h5"].contains(url.pathExtension) ? url.path : nil
    }

    /// Seconds of `90`, `1.5s`, `10m` or `2h`.
    static func seconds(_ text: String) -> Double? {
        let factors: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let factor = text.last.flatMap { factors[$0] }
        let number = factor == nil ? text[...] : text.dropLast()
        guard !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let value = Double(number), value.isFinite
        else { return nil }
        return value * (factor ?? 1)
    }

    /// The shortest text that ``seconds(_:)`` reads back to the same number.
    static func text(ofSeconds seconds: Double) -> String {
        for (unit, factor) in [("h", 3600), ("m", 60)] {
            if let whole = Int(exactly: seconds), whole > 0, whole % factor == 0 { return "\(whole / factor)\(unit)" }
        }
        return (Int(exactly: seconds).map(String.init) ?? String(seconds)) + "s"
    }
}
