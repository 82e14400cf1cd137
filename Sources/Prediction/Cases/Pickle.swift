import Documents

/// Writes a document as a Python pickle, for programs that read nothing else. Nothing here reads one.
///
/// Format: pickle's protocol 0, text lines: `I` an integer, `F` a real number, `V` a text, `(l … a` a list, `(d … s` an
/// object, `N` nothing, `.` the end.
package enum Pickle {
    package static func bytes(of value: JSONValue) -> [UInt8] { Array((text(of: value) + ".").utf8) }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .null: "N"
        case .bool(let value): value ? "I01\n" : "I00\n"
        case .integer(let value): "I\(value)\n"
        // Shortest digits that give the same number, also in Python: 1.5, 1e-05, inf, nan.
        case .real(let value): "F\(value)\n"
        case .string(let value): "V\(escaped(value))\n"
        case .array(let values): "(l" + values.map { text(of: $0) + "a" }.joined()
        case .object(let object):
            "(d" + object.members.map { text(of: .string($0.key)) + text(of: $0.value) + "s" }.joined()
        }
    }

    /// Everything but plain ASCII as `\uXXXX` or `\UXXXXXXXX`, also the backslash and what would end the line.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            if (32..<127).contains(scalar.value), scalar != "\\" { return String(scalar) }
            let digits = String(scalar.value, radix: 16)
            let isShort = scalar.value <= 0xFFFF
            return (isShort ? "\\u" : "\\U") + String(repeating: "0", count: (isShort ? 4 : 8) - digits.count) + digits
        }.joined()
    }
}
