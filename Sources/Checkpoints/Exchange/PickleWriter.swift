import Documents

/// Writes plain values, tensors and torch's device in a way that torch's unpickler reads, also the restricted one.
///
/// Standard: Python's pickle, protocol 2.
package struct PickleWriter {
    indirect enum Value {
        case json(JSONValue)
        case tuple([Value])
        case dictionary([(key: Value, value: Value)])
        case orderedDictionary([(key: Value, value: Value)])
        /// A whole storage of float32, by its name in the archive.
        case tensor(storage: String, shape: [Int])
        /// `torch.device`.
        case device(String)

        static func object(_ members: KeyValuePairs<String, Value>) -> Value {
            .dictionary(members.map { (.json(.string($0.key)), $0.value) })
        }
    }

    private(set) var bytes: [UInt8] = []

    /// The pickle of a document.
    package static func pickle(_ document: JSONValue) -> [UInt8] { pickle(.json(document)) }

    /// The pickle of a value.
    static func pickle(_ value: Value) -> [UInt8] {
        var writer = PickleWriter()
        writer.bytes = [0x80, 2]
        writer.write(value)
        writer.add(".")
        return writer.bytes
    }

    private mutating func write(_ value: Value) {
        switch value {
        case .json(let json): write(json)
        case .tuple(let items): writeTuple(items.count) { writer, index in writer.write(items[index]) }
        case .dictionary(let pairs):
            add("}")
            write(pairs)
        case .orderedDictionary(let pairs):
            addGlobal("collections", "OrderedDict")
            add(")R")
            write(pairs)
        case .tensor(let storage, let shape): writeTensor(storage, shape)
        case .device(let name):
            addGlobal("torch", "device")
            writeTuple(1) { writer, _ in writer.write(text: name) }
            add("R")
        }
    }

    private mutating func write(_ pairs: [(key: Value, value: Value)]) {
        guard !pairs.isEmpty else { return }
        add("(")
        for (key, value) in pairs {
            write(key)
            write(value)
        }
        add("u")
    }

    private mutating func write(_ json: JSONValue) {
        switch json {
        case .null: add("N")
        case .bool(let value): bytes.append(value ? 0x88 : 0x89)
        case .integer(let value): write(integer: value)
        case .real(let value):
            add("G")
            withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
        case .string(let text): write(text: text)
        case .array(let items):
            add("](")
            for item in items { write(item) }
            add("e")
        case .object(let object):
            add("}(")
            for (key, value) in object.members {
                write(text: key)
                write(value)
            }
            add("u")
        }
    }

    private mutating func write(integer value: Int) {
        if let small = Int32(exactly: value) {
            add("J")
            withUnsafeBytes(of: small.littleEndian) { bytes.append(contentsOf: $0) }
        } else {
            bytes += [0x8A, 8]
            withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    private mutating func write(text: String) {
        add("X")
        withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes += Array(text.utf8)
    }

    private mutating func writeTuple(_ count: Int, _ body: (inout PickleWriter, Int) -> Void) {
        add("(")
        for index in 0..<count { body(&self, index) }
        add("t")
    }

    private mutating func writeIntegers(_ values: [Int]) {
        writeTuple(values.count) { writer, index in writer.write(integer: values[index]) }
    }

    /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    private mutating func writeTensor(_ storage: String, _ shape: [Int]) {
        addGlobal("torch._utils", "_rebuild_tensor_v2")
        add("((")
        write(text: "storage")
        addGlobal("torch", "FloatStorage")
        write(text: storage)
        write(text: "cpu")
        write(integer: shape.reduce(1, *))
        add("tQ")
        write(integer: 0)
        writeIntegers(shape)
        writeIntegers(FileTensor.contiguousStrides(shape))
        bytes.append(0x89)
        addGlobal("collections", "OrderedDict")
        add(")RtR")
    }

    private mutating func add(_ operations: String) { bytes += Array(operations.utf8) }

    private mutating func addGlobal(_ module: String, _ name: String) { add("c\(module)\n\(name)\n") }
}
