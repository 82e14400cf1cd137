/// A JSON document that keeps what its reader does not know: order of keys, unknown keys, integer or real.
///
/// Standard: RFC 8259, plus the tokens `NaN`, `Infinity` and `-Infinity` that Python's `json` reads and writes.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// Members of a JSON object in the order in which they were written.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public private(set) var keys: [String] = []
    private var values: [String: JSONValue] = [:]

    public init() {}

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    /// Reads a member; sets it at its old place, or at the end when it is new; `nil` removes it.
    public subscript(key: String) -> JSONValue? {
        get { values[key] }
        set {
            if newValue == nil {
                if values.removeValue(forKey: key) != nil { keys.removeAll { $0 == key } }
            } else {
                if values[key] == nil { keys.append(key) }
                values[key] = newValue
            }
        }
    }

    public var count: Int { keys.count }
    public var members: [(key: String, value: JSONValue)] { keys.map { ($0, values[$0] ?? .null) } }

    /// Equal members in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool { left.values == right.values }
}

extension JSONValue {
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }

    /// An integer, or a real number without a fraction.
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .real(let value): Int(exactly: value)
        default: nil
        }
    }

    /// Any number.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    public var integers: [Int]? { array?.mapIfAll(\.integer) }
    public var numbers: [Double]? { array?.mapIfAll(\.number) }
    public var strings: [String]? { array?.mapIfAll(\.string) }

    public subscript(key: String) -> JSONValue? { object?[key] }

    public static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer($0) }) }
    public static func reals(_ values: [Double]) -> JSONValue { .array(values.map { .real($0) }) }
    public static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}

extension Array {
    /// The results of `transform`, or nil if it gives nil for any element.
    fileprivate func mapIfAll<Result>(_ transform: (Element) -> Result?) -> [Result]? {
        var results: [Result] = []
        results.reserveCapacity(count)
        for element in self {
            guard let result = transform(element) else { return nil }
            results.append(result)
        }
        return results
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .real(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
