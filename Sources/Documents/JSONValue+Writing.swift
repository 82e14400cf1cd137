extension JSONValue {
    /// The document as text, as Python's `json.dump` lays it out.
    ///
    /// - Parameters:
    ///   - indent: spaces per level; everything on one line when absent.
    ///   - sortedKeys: keys in alphabetical order instead of the document's.
    public func text(indent: Int? = nil, sortedKeys: Bool = false) -> String {
        var output = ""
        write(to: &output, indent: indent, sortedKeys: sortedKeys, level: 0)
        return output
    }

    private func write(to output: inout String, indent: Int?, sortedKeys: Bool, level: Int) {
        func breakLine(_ level: Int) {
            if let indent { output += "\n" + String(repeating: " ", count: indent * level) }
        }
        let comma = indent == nil ? ", " : ","
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .real(let value): output += Self.text(of: value)
        case .string(let value): Self.quote(value, to: &output)
        case .array(let elements):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += comma }
                breakLine(level + 1)
                element.write(to: &output, indent: indent, sortedKeys: sortedKeys, level: level + 1)
            }
            if !elements.isEmpty { breakLine(level) }
            output += "]"
        case .object(let object):
            output += "{"
            let members = sortedKeys ? object.members.sorted { $0.key < $1.key } : object.members
            for (index, member) in members.enumerated() {
                if index > 0 { output += comma }
                breakLine(level + 1)
                Self.quote(member.key, to: &output)
                output += ": "
                member.value.write(to: &output, indent: indent, sortedKeys: sortedKeys, level: level + 1)
            }
            if object.count > 0 { breakLine(level) }
            output += "}"
        }
    }

    /// The shortest text that reads back as the same number.
    private static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value.description
    }

    private static func quote(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
