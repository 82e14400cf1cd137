import Documents

/// What a pickle says, as numbered nodes: nothing of it is ever executed or constructed.
///
/// Nodes name each other by number, so a pickle that is nested deeply or holds itself is no danger before somebody walks
/// through it; ``json(_:)`` counts its steps and its depth.
struct Pickle {
    typealias NodeID = Int

    enum Node {
        case none
        case bool(Bool)
        case integer(Int)
        case real(Double)
        case text(String)
        /// Elements are ``Pickle/elements`` of this number; of a dictionary keys and values in turn.
        case list(Int)
        case tuple(Int)
        case dictionary(Int)
        /// A class or function, by module and name; one of ``PickleGlobal``.
        case global(PickleGlobal)
        /// An entry of ``Pickle/storages``, which are different.
        case storage(Int)
        /// An entry of ``Pickle/tensors``.
        case tensor(Int)
        /// A value that means nothing here, such as a scalar of NumPy.
        case opaque
    }

    /// The elements of a torch storage.
    struct Storage: Hashable {
        /// Its name in the archive, `data/<key>`.
        let key: String
        let elementType: ElementType
        let count: Int
    }

    /// The node that the pickle is.
    var root: NodeID = 0
    var nodes: [Node] = []
    var elements: [[NodeID]] = []
    var storages: [Storage] = []
    /// Views of ``storages``.
    var tensors: [FileTensor] = []
    /// Bytes that it was read from.
    let byteCount: Int

    init(byteCount: Int) { self.byteCount = byteCount }

    // MARK: Looking

    /// Keys and values of a dictionary in order; nil for anything else.
    func pairs(_ node: NodeID) -> [(key: NodeID, value: NodeID)]? {
        guard case .dictionary(let list) = nodes[node] else { return nil }
        let items = elements[list]
        return stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
    }

    /// The last value that a dictionary has for a text. No dictionary of more than 4096 members is looked through.
    func member(_ node: NodeID, _ key: String) -> NodeID? {
        guard case .dictionary(let list) = nodes[node], elements[list].count <= 8192 else { return nil }
        return pairs(node)?.last { pair in text(pair.key) == key }?.value
    }

    /// The elements of a list or tuple.
    func sequence(_ node: NodeID) -> [NodeID]? {
        switch nodes[node] {
        case .list(let list), .tuple(let list): elements[list]
        default: nil
        }
    }

    func text(_ node: NodeID) -> String? { if case .text(let text) = nodes[node] { text } else { nil } }
    func integer(_ node: NodeID) -> Int? { if case .integer(let value) = nodes[node] { value } else { nil } }

    func tensor(_ node: NodeID) -> FileTensor? {
        if case .tensor(let index) = nodes[node] { tensors[index] } else { nil }
    }

    // MARK: As JSON

    /// A node as a JSON document, e.g. plans: tuples become arrays, opaque values null.
    ///
    /// - Throws: ``CheckpointError`` for a node that is no document, nested more than 64 times, or larger than the pickle
    ///   justifies (one list may stand in many places).
    func json(_ node: NodeID) throws(CheckpointError) -> JSONValue {
        var budget = 2 * byteCount + 1024
        return try json(node, depth: 0, &budget)
    }

    private func json(_ node: NodeID, depth: Int, _ budget: inout Int) throws(CheckpointError) -> JSONValue {
        guard depth <= 64 else { throw .unreadable("its pickle is nested more than 64 times") }
        budget -= 1
        if case .text(let text) = nodes[node] { budget -= text.utf8.count }
        guard budget > 0 else { throw .unreadable("its pickle repeats itself without end") }
        switch nodes[node] {
        case .none, .opaque: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .real(let value): return .real(value)
        case .text(let value): return .string(value)
        case .list(let list), .tuple(let list):
            var array: [JSONValue] = []
            for element in elements[list] { array.append(try json(element, depth: depth + 1, &budget)) }
            return .array(array)
        case .dictionary:
            var object: JSONObject = [:]
            for (key, value) in pairs(node) ?? [] {
                let name: String
                switch nodes[key] {
                case .text(let text): name = text
                case .integer(let number): name = String(number)
                default: throw .unreadable("a key of its pickle is neither a text nor an integer")
                }
                budget -= name.utf8.count
                object[name] = try json(value, depth: depth + 1, &budget)
            }
            return .object(object)
        case .global, .storage, .tensor: throw .unreadable("its pickle has a tensor where a document should be")
        }
    }
}

/// The only names of Python that a pickle may say, and what is made of them.
enum PickleGlobal: Equatable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storage(ElementType)
    /// Called or not, its values mean nothing here and are never constructed.
    case opaque

    /// nil for every other name.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "device"), ("torch", "Size"), ("numpy", "dtype"), ("numpy", "ndarray"), ("_codecs", "encode"),
            ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"),
            ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
            self = .opaque
        case ("torch", _):
            guard let type = ElementType(torchStorage: name) else { return nil }
            self = .storage(type)
        default: return nil
        }
    }
}
