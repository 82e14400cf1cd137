import Foundation

/// How numbers, sizes and durations are written in reports.
public enum ReportText {
    /// A number with a fixed count of decimals; `nan` and `inf` as Python writes them.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return nonFinite(value) }
        let text = String(format: "%.\(decimals)f", value)
        return text.hasPrefix("-") && !text.contains(where: { "123456789".contains($0) })
            ? String(text.dropFirst()) : text
    }

    /// A number rounded to so many decimals (halves to even), in its shortest form, as NumPy prints what it rounded.
    public static func rounded(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return nonFinite(value) }
        let scale = pow(10, Double(decimals))
        let result = (value * scale).rounded(.toNearestOrEven) / scale
        return (result == 0 ? 0 : result).description
    }

    /// A number with so many significant digits, in its shortest form.
    public static func significant(_ value: Double, digits: Int) -> String {
        guard value.isFinite, let result = Double(String(format: "%.\(digits - 1)e", value)) else {
            return nonFinite(value)
        }
        return result.description
    }

    private static func nonFinite(_ value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

    /// `40×56×40`.
    public static func size(_ size: [Int]) -> String { size.map(String.init).joined(separator: "×") }

    /// `7` or `4–9`.
    public static func range(_ range: Range<Int>) -> String {
        range.count == 1 ? String(range.lowerBound) : "\(range.lowerBound)–\(range.upperBound - 1)"
    }

    /// `33.1 %` for 0.3306.
    public static func percent(_ share: Double) -> String { fixed(share * 100, decimals: 1) + " %" }

    /// `31 002 417`: groups of three digits.
    public static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += " " }
            text.append(digit)
        }
        return text
    }

    /// A short measured time: `0.052 s`, `8.1 s`, `245 s`.
    public static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite else { return nonFinite(seconds) + " s" }
        let decimals = seconds < 0.9995 ? 3 : seconds < 99.95 ? 1 : 0
        return fixed(seconds, decimals: decimals) + " s"
    }

    /// A long time in its two largest units: `42 s`, `12 min 30 s`, `3 h 12 min`, `2 d 4 h`.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "unknown time" }
        let whole = Int(max(0, seconds).rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return joined(whole / 60, "min", whole % 60, "s") }
        let minutes = (whole + 30) / 60
        if minutes < 24 * 60 { return joined(minutes / 60, "h", minutes % 60, "min") }
        let hours = (minutes + 30) / 60
        return joined(hours / 24, "d", hours % 24, "h")
    }

    private static func joined(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }
}
