/// Reads a pickle by a list of the operations that torch and Python write for plain values; everything else is refused.
///
/// Standard: Python's pickle, protocols 2 to 5. Memory is a constant number of bytes for each byte read: no count in the
/// file is believed before that many bytes, or values on the stack, are there.
struct PickleReader {
    private let bytes: [UInt8]
    private var place = 0
    private var pickle: Pickle
    private var stack: [Pickle.NodeID] = []
    private var marks: [Int] = []
    private var memo: [Int: Pickle.NodeID] = [:]
    private var storages: [Pickle.Storage: Int] = [:]

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        pickle = Pickle(byteCount: bytes.count)
    }

    /// - Throws: ``CheckpointError`` with the place of what cannot be read.
    static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Pickle {
        var reader = PickleReader(bytes)
        while try reader.step() {}
        return reader.pickle
    }

    // MARK: Operations

    /// Does one operation; false at the end.
    private mutating func step() throws(CheckpointError) -> Bool {
        let start = place
        let code = try number(1)
        switch UInt8(truncatingIfNeeded: code) {
        case UInt8(ascii: "."):
            pickle.root = try pop()
            guard stack.isEmpty, marks.isEmpty else { throw wrong("values are left over at its end") }
            return false
        case 0x80:  // PROTO
            let version = try number(1)
            guard (2...5).contains(version) else { throw wrong("it has protocol \(version), and 2 to 5 are known") }
        case 0x95: _ = try number(8)  // FRAME: what follows lies in the same bytes
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): push(.none)
        case 0x88: push(.bool(true))
        case 0x89: push(.bool(false))
        case UInt8(ascii: "K"): push(.integer(try number(1)))
        case UInt8(ascii: "M"): push(.integer(try number(2)))
        case UInt8(ascii: "J"): push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
        case 0x8A: push(.integer(try long()))
        case UInt8(ascii: "G"):
            let slice = try take(8)
            push(.real(Double(bitPattern: slice.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })))
        case UInt8(ascii: "X"): push(.text(try text(byteCount: number(4))))
        case 0x8C: push(.text(try text(byteCount: number(1))))
        case UInt8(ascii: "B"):  // BINBYTES, part of NumPy's scalars
            _ = try take(try number(4))
            push(.opaque)
        case UInt8(ascii: "C"):
            _ = try take(try number(1))
            push(.opaque)
        default: try stepOverStructure(code, at: start)
        }
        return true
    }

    private mutating func stepOverStructure(_ code: Int, at start: Int) throws(CheckpointError) {
        switch UInt8(truncatingIfNeeded: code) {
        case UInt8(ascii: ")"): pushTuple([])
        case 0x85: pushTuple(try pop(1))
        case 0x86: pushTuple(try pop(2))
        case 0x87: pushTuple(try pop(3))
        case UInt8(ascii: "t"): pushTuple(try popToMark())
        case UInt8(ascii: "]"):
            pickle.elements.append([])
            push(.list(pickle.elements.count - 1))
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "a"): try append(try pop(1))
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "q"): memo[try number(1)] = try top()
        case UInt8(ascii: "r"): memo[try number(4)] = try top()
        case 0x94: memo[memo.count] = try top()
        case UInt8(ascii: "h"): try recall(try number(1))
        case UInt8(ascii: "j"): try recall(try number(4))
        case UInt8(ascii: "c"): push(.global(try global(module: try line(), name: try line())))
        case 0x93:
            let parts = try pop(2).map { pickle.text($0) ?? "" }
            push(.global(try global(module: parts[0], name: parts[1])))
        case UInt8(ascii: "Q"): try pushStorage(try pop())
        case UInt8(ascii: "R"):
            let parts = try pop(2)
            try call(parts[0], parts[1])
        case UInt8(ascii: "b"): try build()
        default:
            throw wrong("the operation \(code) at byte \(start) is none of those that a model needs")
        }
    }

    private func wrong(_ what: String) -> CheckpointError { .unreadable("its pickle makes no sense: " + what) }

    // MARK: Bytes

    private mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - place else { throw wrong("it ends in the middle of byte \(place) + \(count)") }
        defer { place += count }
        return bytes[place..<place + count]
    }

    /// A little-endian number without sign; of 8 bytes the low 63 bits.
    private mutating func number(_ count: Int) throws(CheckpointError) -> Int {
        let slice = try take(count)
        return Int(slice.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & UInt64(Int.max))
    }

    /// LONG1: two's complement of up to 8 bytes.
    private mutating func long() throws(CheckpointError) -> Int {
        let slice = try take(try number(1))
        guard slice.count <= 8 else { throw wrong("an integer has \(slice.count) bytes") }
        guard let last = slice.last else { return 0 }
        let start: UInt64 = last & 0x80 == 0 ? 0 : .max
        return Int(Int64(bitPattern: slice.reversed().reduce(start) { $0 << 8 | UInt64($1) }))
    }

    private mutating func text(byteCount: Int) throws(CheckpointError) -> String {
        guard let text = String(validating: try take(byteCount), as: UTF8.self) else {
            throw wrong("the text before byte \(place) is not UTF-8")
        }
        return text
    }

    private mutating func line() throws(CheckpointError) -> String {
        guard let end = bytes[place...].prefix(256).firstIndex(of: 10) else {
            throw wrong("the name at byte \(place) has no end")
        }
        defer { place = end + 1 }
        return String(decoding: bytes[place..<end], as: UTF8.self)
    }

    // MARK: The stack

    private mutating func push(_ node: Pickle.Node) {
        pickle.nodes.append(node)
        stack.append(pickle.nodes.count - 1)
    }

    private mutating func pushTuple(_ items: [Pickle.NodeID]) {
        pickle.elements.append(items)
        push(.tuple(pickle.elements.count - 1))
    }

    private mutating func pushDictionary() {
        pickle.elements.append([])
        push(.dictionary(pickle.elements.count - 1))
    }

    private func top() throws(CheckpointError) -> Pickle.NodeID {
        guard let node = stack.last, stack.count > marks.last ?? 0 else { throw wrong("a value is missing") }
        return node
    }

    private mutating func pop() throws(CheckpointError) -> Pickle.NodeID {
        let node = try top()
        stack.removeLast()
        return node
    }

    /// The last values, in the order in which they were pushed.
    private mutating func pop(_ count: Int) throws(CheckpointError) -> [Pickle.NodeID] {
        guard stack.count - (marks.last ?? 0) >= count else { throw wrong("a value is missing") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(CheckpointError) -> [Pickle.NodeID] {
        guard let mark = marks.popLast() else { throw wrong("a mark is missing") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    private mutating func recall(_ index: Int) throws(CheckpointError) {
        guard let node = memo[index] else { throw wrong("value \(index) was never remembered") }
        stack.append(node)
    }

    // MARK: Meaning

    private mutating func append(_ items: [Pickle.NodeID]) throws(CheckpointError) {
        guard case .list(let list) = pickle.nodes[try top()] else { throw wrong("something is appended to no list") }
        pickle.elements[list] += items
    }

    private mutating func setItems(_ items: [Pickle.NodeID]) throws(CheckpointError) {
        guard case .dictionary(let list) = pickle.nodes[try top()], items.count % 2 == 0 else {
            throw wrong("items are set in no dictionary")
        }
        pickle.elements[list] += items
    }

    private func global(module: String, name: String) throws(CheckpointError) -> PickleGlobal {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw .unreadable(
                "it names \(module).\(name), which is none of the names that a model needs; nothing of the file was "
                    + "executed")
        }
        return global
    }

    /// `('storage', class, key, device, count)`.
    private mutating func pushStorage(_ node: Pickle.NodeID) throws(CheckpointError) {
        guard let parts = pickle.sequence(node), parts.count == 5, pickle.text(parts[0]) == "storage",
            case .global(.storage(let type)) = pickle.nodes[parts[1]], let key = pickle.text(parts[2]),
            let count = pickle.integer(parts[4]), count >= 0
        else { throw wrong("a storage is described in an unknown way") }
        let storage = Pickle.Storage(key: key, elementType: type, count: count)
        if storages[storage] == nil {
            storages[storage] = pickle.storages.count
            pickle.storages.append(storage)
        }
        push(.storage(storages[storage] ?? 0))
    }

    private mutating func call(_ callee: Pickle.NodeID, _ arguments: Pickle.NodeID) throws(CheckpointError) {
        guard case .global(let global) = pickle.nodes[callee], let parts = pickle.sequence(arguments) else {
            throw wrong("something is called that is no function")
        }
        switch global {
        case .orderedDictionary where parts.isEmpty: pushDictionary()
        case .rebuildTensor: try pushTensor(parts)
        case .rebuildParameter:
            guard let first = parts.first, case .tensor = pickle.nodes[first] else {
                throw wrong("a parameter is no tensor")
            }
            stack.append(first)
        case .opaque: push(.opaque)
        case .orderedDictionary, .storage: throw wrong("a value is made in an unknown way")
        }
    }

    /// `(storage, offset, shape, strides, …)`.
    private mutating func pushTensor(_ parts: [Pickle.NodeID]) throws(CheckpointError) {
        guard parts.count >= 4, case .storage(let index) = pickle.nodes[parts[0]],
            let offset = pickle.integer(parts[1]), let shape = integers(parts[2]), let strides = integers(parts[3])
        else { throw wrong("a tensor is described in an unknown way") }
        let storage = pickle.storages[index]
        pickle.tensors.append(
            try FileTensor(
                shape: shape, strides: strides, offset: offset, elementType: storage.elementType, storage: index,
                storageCount: storage.count))
        push(.tensor(pickle.tensors.count - 1))
    }

    private func integers(_ node: Pickle.NodeID) -> [Int]? {
        guard let parts = pickle.sequence(node), parts.count <= 16 else { return nil }
        let values = parts.compactMap { pickle.integer($0) }
        return values.count == parts.count ? values : nil
    }

    /// The state of an ordered dictionary is what modules say about their versions; that of opaque values is opaque.
    private mutating func build() throws(CheckpointError) {
        _ = try pop()
        switch pickle.nodes[try top()] {
        case .opaque, .dictionary: break
        default: throw wrong("a state is given to something that has none")
        }
    }
}
