/// How files of other programs store the elements of a tensor, always little-endian.
enum ElementType: String, Sendable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8, uint8, bool

    var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the elements can be weights.
    var isFloating: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        case .int64, .int32, .int16, .int8, .uint8, .bool: false
        }
    }

    /// The class of a torch storage, e.g. `FloatStorage`.
    init?(torchStorage name: String) {
        let names: [String: ElementType] = [
            "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
            "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
            "ByteStorage": .uint8, "BoolStorage": .bool,
        ]
        guard let type = names[name] else { return nil }
        self = type
    }

    /// The `dtype` of safetensors, e.g. `F32`.
    init?(safetensors name: String) {
        let names: [String: ElementType] = [
            "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32,
            "I16": .int16, "I8": .int8, "U8": .uint8, "BOOL": .bool,
        ]
        guard let type = names[name] else { return nil }
        self = type
    }

    /// The element at a place of a buffer as float32.
    ///
    /// - Precondition: ``isFloating``, and the element lies inside the buffer.
    func value(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Float {
        let offset = index * byteCount
        switch self {
        case .float64: return Float(Double(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        case .float32: return Float(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        case .float16: return Float(Float16(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        case .bfloat16:
            return Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) << 16)
        case .int64, .int32, .int16, .int8, .uint8, .bool: preconditionFailure("elements of type \(rawValue)")
        }
    }
}
