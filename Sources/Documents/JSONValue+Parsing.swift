/// Why a text is not JSON: what was found, and where.
public struct JSONSyntaxError: Error, CustomStringConvertible, Equatable {
    public let problem: String
    public let line: Int
    public let column: Int

    public var description: String { "line \(line), column \(column): \(problem)" }
}

extension JSONValue {
    /// Reads one JSON document.
    ///
    /// - Throws: ``JSONSyntaxError`` with line and column, also for a text after the document's end, for a repeated
    ///   key, and for more than 512 levels.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    public init(parsing text: String) throws(JSONSyntaxError) { try self.init(parsing: text.utf8) }
}

private struct JSONParser {
    let bytes: [UInt8]
    var position = 0
    var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        let value = try value()
        skipSpace()
        if position < bytes.count { throw error("text after the end of the document") }
        return value
    }

    private func error(_ problem: String) -> JSONSyntaxError {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count(where: { $0 == UInt8(ascii: "\n") }) + 1
        let column = before.count - ((before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1) + 1
        return JSONSyntaxError(problem: problem, line: line, column: column)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ token: StaticString) -> Bool {
        let count = token.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let isHere = token.withUTF8Buffer { wanted in
            wanted.indices.allSatisfy { bytes[position + $0] == wanted[$0] }
        }
        if isHere { position += count }
        return isHere
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONSyntaxError) in try parser.objectBody() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONSyntaxError) in try parser.arrayBody() }
        case UInt8(ascii: "\""): return .string(try string())
        case nil: throw error("the document ends where a value should stand")
        default: break
        }
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        if take("null") { return .null }
        if take("NaN") { return .real(.nan) }
        if take("Infinity") { return .real(.infinity) }
        if take("-Infinity") { return .real(-.infinity) }
        return try number()
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        depth += 1
        if depth > 512 { throw error("more than 512 levels") }
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func objectBody() throws(JSONSyntaxError) -> JSONValue {
        var object = JSONObject()
        skipSpace()
        if take("}") { return .object(object) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a key in double quotes should stand here") }
            let key = try string()
            if object[key] != nil { throw error("the key \"\(key)\" stands twice") }
            skipSpace()
            guard take(":") else { throw error("a colon should follow the key \"\(key)\"") }
            skipSpace()
            object[key] = try value()
            skipSpace()
            if take("}") { return .object(object) }
            guard take(",") else { throw error("a comma or } should stand here") }
        }
    }

    private mutating func arrayBody() throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("a comma or ] should stand here") }
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        var isReal = false
        scan: while let byte = current {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isReal = true
            default: break scan
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if !isReal, let integer = Int(text) { return .integer(integer) }
        if let real = Double(text), !text.hasPrefix("+"), !text.hasPrefix(".") { return .real(real) }
        position = start
        throw error("this is not a JSON value")
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
            case 0..<0x20: throw error("a control character inside a string")
            default: text.append(byte)
            }
        }
        throw error("the document ends inside a string")
    }

    private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
        guard let byte = current else { throw error("the document ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xD800..<0xDC00).contains(code), take("\\u") {
                code = 0x10000 + (code - 0xD800) << 10 + (UInt32(try hexadecimal()) &- 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("\\u followed by half a character") }
            return Array(String(Character(scalar)).utf8)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        default: throw error("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt16 {
        guard bytes.count - position >= 4,
            let code = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw error("\\u needs four hexadecimal digits") }
        position += 4
        return code
    }
}
