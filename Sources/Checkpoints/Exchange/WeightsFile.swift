import Networks
import Tensors

/// The tensors of a file of another program by name; their elements are read when they are asked for.
///
/// One thread at a time may use a file.
public final class WeightsFile {
    /// Bytes of a storage.
    typealias StorageReader = (Int) throws(CheckpointError) -> [UInt8]

    public let path: String
    let byteCount: Int
    /// In the order of the file, without the prefix `module.` that torch's wrapper for several processes adds.
    let names: [String]
    let tensors: [String: FileTensor]
    private let readStorage: StorageReader
    private var newest: (storage: Int, bytes: [UInt8])?

    /// - Throws: ``CheckpointError`` when a name stands twice.
    init(
        path: String, byteCount: Int, tensors: [(name: String, tensor: FileTensor)],
        readStorage: @escaping StorageReader
    ) throws(CheckpointError) {
        self.path = path
        self.byteCount = byteCount
        self.readStorage = readStorage
        var names: [String] = []
        var places: [String: FileTensor] = [:]
        for (name, tensor) in tensors {
            let bare = name.hasPrefix("module.") ? String(name.dropFirst(7)) : name
            guard places.updateValue(tensor, forKey: bare) == nil else {
                throw CheckpointError(.notUnderstood("the tensor \(bare) stands twice"), path: path)
            }
            names.append(bare)
        }
        self.names = names
        self.tensors = places
    }

    /// Copies the elements of a tensor, `tensor.count` scalars.
    ///
    /// - Throws: ``CheckpointError`` when they are no floating-point numbers, or damaged.
    func read(_ tensor: FileTensor, into target: UnsafeMutablePointer<Float>) throws(CheckpointError) {
        guard tensor.elementType.isFloating else {
            throw CheckpointError(.notUnderstood("a tensor holds \(tensor.elementType.rawValue)"), path: path)
        }
        guard tensor.count > 0 else { return }
        if newest?.storage != tensor.storage {
            newest = nil
            do throws(CheckpointError) {
                newest = (tensor.storage, try readStorage(tensor.storage))
            } catch { throw error.at(path) }
        }
        newest?.bytes.withUnsafeBytes { tensor.copy(from: $0, to: target) }
    }

    /// Names and shapes, in the order of the file.
    public var shapes: [(name: String, shape: [Int])] { names.map { ($0, tensors[$0]?.shape ?? []) } }
}

extension CheckpointError {
    /// A file of another program that makes no sense.
    static func unreadable(_ what: String) -> CheckpointError { CheckpointError(.notUnderstood(what)) }
}
