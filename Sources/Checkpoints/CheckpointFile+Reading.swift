import Documents
import Foundation
import Networks
import Tensors

/// What `checkpoint show` tells of a checkpoint.
public struct CheckpointSummary: Sendable {
    public let path: String
    public let attributes: CheckpointAttributes
    public let metrics: JSONValue
    /// Of the weights as they lie in the file.
    public let weightsSHA256: String
    /// Tensors of the network, and scalars in them.
    public let tensorCount: Int
    public let parameterCount: Int
}

extension CheckpointFile {
    /// The documents of a checkpoint.
    struct Documents {
        let attributes: CheckpointAttributes
        let metrics: JSONValue
        let weightsSHA256: String
        /// Names and shapes of the network's tensors, in the order of the layout.
        let tensors: [(name: String, shape: [Int])]
    }

    /// Reads the documents of a file whose seal has been verified. Rank-local.
    static func readDocuments(_ file: borrowing HDF5Handle) throws(CheckpointError) -> Documents {
        let attributes = try readJSON("/attributes", file)
        let metrics = try readJSON("/metrics", file)
        guard let format = attributes["format"]?.integer else { throw .damaged("its attribute format is missing") }
        guard format == 1 else {
            throw CheckpointError(.foreign("it has format \(format), and this program reads format 1"))
        }
        var tensors: [(name: String, shape: [Int])] = []
        for entry in attributes["tensors"]?.array ?? [] {
            guard let name = entry["name"]?.string, let shape = entry["shape"]?.integers, shape.allSatisfy({ $0 > 0 })
            else {
                throw .damaged("its list of tensors cannot be read")
            }
            tensors.append((name, shape))
        }
        return Documents(
            attributes: try CheckpointAttributes(json: attributes), metrics: metrics,
            weightsSHA256: attributes["weightsSHA256"]?.string ?? "", tensors: tensors)
    }

    private static func readJSON(_ path: String, _ file: borrowing HDF5Handle) throws(CheckpointError) -> JSONValue {
        let dataset = try calling { () throws(HDF5Error) in try HDF5.openDataset(path, in: file) }
        let shape = try calling { () throws(HDF5Error) in try HDF5.shape(of: dataset, path) }
        guard shape.count == 1, shape[0] > 0, shape[0] < 1 << 31 else {
            throw .damaged("\(path) has the shape \(shape)")
        }
        var bytes = [UInt8](repeating: 0, count: shape[0])
        try calling { () throws(HDF5Error) in try HDF5.read(dataset, path, .byte, into: &bytes) }
        try compare(SHA256.digest(of: bytes), dataset, path)
        do throws(JSONSyntaxError) { return try JSONValue(parsing: bytes) } catch {
            throw .damaged("\(path) is not JSON (\(error))")
        }
    }

    /// Reads one tensor, `shape` scalars, and compares it with its digest.
    static func read(
        _ path: String, shape: [Int], _ file: borrowing HDF5Handle, into target: UnsafeMutablePointer<Float>
    ) throws(CheckpointError) {
        let dataset = try calling { () throws(HDF5Error) in try HDF5.openDataset(path, in: file) }
        let found = try calling { () throws(HDF5Error) in try HDF5.shape(of: dataset, path) }
        guard found == shape else { throw .damaged("\(path) has the shape \(found) where \(shape) was written") }
        try calling { () throws(HDF5Error) in try HDF5.read(dataset, path, .float, into: target) }
        var sum = SHA256()
        sum.update(UnsafeRawBufferPointer(start: target, count: shape.reduce(1, *) * MemoryLayout<Float>.stride))
        try compare(sum.hexadecimalDigest(), dataset, path)
    }

    private static func compare(_ digest: String, _ dataset: borrowing HDF5Handle, _ path: String)
        throws(CheckpointError)
    {
        let stored = try calling { () throws(HDF5Error) in try HDF5.readText("sha256", of: dataset) }
        guard stored == digest else { throw .damaged("\(path) is not what was written (SHA-256 differs)") }
    }

    /// What the library cannot read is damaged.
    static func calling<Result: ~Copyable>(_ body: () throws(HDF5Error) -> Result) throws(CheckpointError) -> Result {
        do throws(HDF5Error) { return try body() } catch { throw .damaged("\(error)") }
    }

    /// Opens a file whose seal is whole.
    static func withVerified<Result>(
        _ path: String, _ body: (borrowing HDF5Handle) throws(CheckpointError) -> Result
    ) throws(CheckpointError) -> Result {
        do throws(CheckpointError) {
            _ = try CheckpointSeal.verify(path)
            return try HDF5.locked { () throws(CheckpointError) in
                let file = try calling { () throws(HDF5Error) in try HDF5.openFile(path) }
                return try body(file)
            }
        } catch {
            throw error.at(path)
        }
    }

    /// Reads a file that has just been written, still without its seal, and compares every tensor with the manifest.
    static func verify(_ path: String, against manifest: CheckpointManifest) throws(CheckpointError) {
        try HDF5.locked { () throws(CheckpointError) in
            let file = try calling { () throws(HDF5Error) in try HDF5.openFile(path) }
            let largest = manifest.tensors.map { $0.shape.reduce(1, *) }.max() ?? 0
            let scratch = AlignedBuffer<Float>(count: largest)
            for tensor in manifest.tensors { try read(tensor.path, shape: tensor.shape, file, into: scratch.pointer) }
            _ = try readDocuments(file)
        }
    }

    /// How the tensors of a file differ from a layout: one phrase per difference.
    static func differences(_ tensors: [(name: String, shape: [Int])], from layout: ParameterLayout) -> [String] {
        tensors.filter { layout[$0.name] == nil }.map { "\($0.name) \($0.shape) is unknown to this network" }
            + missing(tensors, from: layout.entries)
    }

    /// Which of these parameters the file lacks or has in another shape: one phrase for each.
    static func missing(
        _ tensors: [(name: String, shape: [Int])], from entries: [ParameterLayout.Entry]
    ) -> [String] {
        let found = Dictionary(tensors.map { ($0.name, $0.shape) }) { $1 }
        return entries.compactMap { entry in
            guard let shape = found[entry.name] else { return "\(entry.name) \(entry.shape) is missing in the file" }
            guard shape != entry.shape else { return nil }
            return "\(entry.name) is \(shape) in the file and \(entry.shape) in this network"
        }
    }
}
