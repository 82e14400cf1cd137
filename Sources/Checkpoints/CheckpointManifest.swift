import Documents
import Networks
import Tensors
import Threads

/// What a checkpoint holds: every tensor with its shape and digest, and the documents beside them.
///
/// All ranks make the manifest of what they are about to save; the file is written only when all are equal.
struct CheckpointManifest: Sendable {
    struct Tensor: Sendable, Equatable {
        /// Place in the file, `/weights/<name>`.
        let path: String
        let shape: [Int]
        /// SHA-256 of its little-endian float32.
        let digest: String

        var line: String { "\(path) \(shape) \(digest)" }
    }

    let tensors: [Tensor]
    /// The digest of all weights.
    let weightsSHA256: String
    /// Attributes of the run and the layout; the document `/attributes`.
    let attributes: [UInt8]
    /// The document `/metrics`.
    let metrics: [UInt8]

    init(_ content: CheckpointContent) {
        let parts = content.tensors()
        let reader = TensorReader(
            parts: parts.map { UnsafeRawBufferPointer(start: $0.values, count: $0.entry.count * 4) })
        let digests = Threads.map(parts.count) { (index) throws(Never) in reader.digest(index) }
        tensors = zip(parts, digests).map { Tensor(path: $0.path, shape: $0.entry.shape, digest: $1) }

        weightsSHA256 = WeightsDigest.sha256(content.layout, content.weights)
        var document: JSONObject = ["format": 1]
        for (key, value) in content.attributes.json.object?.members ?? [] { document[key] = value }
        document["weightsSHA256"] = .string(weightsSHA256)
        document["tensors"] = .array(
            content.layout.entries.map { ["name": .string($0.name), "shape": .integers($0.shape)] })
        attributes = Array(JSONValue.object(document).text().utf8)
        metrics = Array(content.metrics.text().utf8)
    }

    /// About the size of the file.
    var estimatedByteCount: Int {
        tensors.reduce(0) { $0 + 1024 + 4 * $1.shape.reduce(1, *) } + attributes.count + metrics.count + 1 << 16
    }

    /// What has to be the same on all ranks, one line per fact.
    func facts(path: String, iteration: Int, writer: CheckpointWriter) -> String {
        (["file \(path)", "iteration \(iteration)", "writer \(writer.rawValue)"] + tensors.map(\.line))
            .joined(separator: "\n")
    }

    /// The first difference between the facts of the root and of this rank, for a message; nil when they are equal.
    static func difference(root: String, own: String) -> String? {
        guard root != own else { return nil }
        let theirs = root.split(separator: "\n")
        let ours = own.split(separator: "\n")
        for (their, our) in zip(theirs, ours) where their != our {
            return "\"\(our)\" here, \"\(their)\" on the root"
        }
        return "\(ours.count) facts here, \(theirs.count) on the root"
    }
}

/// Safety: the tensors are only read, and outlive the parallel loop.
private struct TensorReader: @unchecked Sendable {
    let parts: [UnsafeRawBufferPointer]

    func digest(_ index: Int) -> String {
        var sum = SHA256()
        sum.update(parts[index])
        return sum.hexadecimalDigest()
    }
}
