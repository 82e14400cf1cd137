import Cluster
import Documents
import Foundation
import Networks
import Tensors

/// Who writes the tensors of a checkpoint.
public enum CheckpointWriter: String, Sendable, CaseIterable {
    /// All ranks, each its part, through parallel HDF5.
    case parallel
    /// Rank 0 alone; for file systems that not all nodes share.
    case root
}

/// The checkpoints of a run folder.
public enum CheckpointName: String, Sendable, CaseIterable {
    case latest = "checkpoint_latest.h5"
    /// The generation before `latest`.
    case previous = "checkpoint_previous.h5"
    case best = "checkpoint_best.h5"
    case final = "checkpoint_final.h5"

    /// Its path in the folder of a fold.
    public func path(in folder: String) -> String { folder.isEmpty ? rawValue : folder + "/" + rawValue }
}

/// Saving and loading whole checkpoints.
public enum Checkpoint {
    /// Saves a checkpoint: at any moment, also when the job is killed, `path` holds the old file or the new one, whole.
    ///
    /// Temporary name, written, closed, read back and compared, sealed, flushed, renamed, folder flushed. When `path`
    /// is a run's `checkpoint_latest.h5`, the file before it becomes `checkpoint_previous.h5`.
    ///
    /// - Parameter content: the same on all ranks; of `metrics` and attributes other than the iteration, the root's.
    /// - Throws: on all ranks when one failed (``AgreedError`` with path and reason); the old files are as they were
    ///   and the temporary one is gone. ``MPIError`` when the ranks could not agree.
    /// - Collective: every rank of `communicator`.
    public static func save(
        _ content: CheckpointContent, to path: String, _ communicator: Communicator,
        writer: CheckpointWriter = .parallel
    ) throws {
        // One rank needs no MPI-IO; the bytes are the same.
        let writer = communicator.size == 1 ? .root : writer
        let manifest = CheckpointManifest(content)
        let facts = manifest.facts(path: path, iteration: content.attributes.iteration, writer: writer)
        let difference = CheckpointManifest.difference(root: try communicator.broadcast(facts), own: facts)
        try communicator.agree(
            failure: difference.map {
                CheckpointError(.refused(action: "save", reason: "the ranks differ: \($0)"), path: path)
            })

        let temporary = try communicator.broadcast(temporaryPath(path))
        do {
            try onRoot(communicator, path) { () throws(CheckpointError) in
                removeLeftovers(path)
                try CheckpointFile.create(temporary, manifest, content.attributes)
                if writer == .root { try CheckpointFile.write(temporary, content) }
            }
            if writer == .parallel {
                try CheckpointFile.writeTogether(temporary, content, communicator, target: path)
                try communicator.agree(failure: communicator.nodeLocalRank == 0 ? flush(temporary)?.at(path) : nil)
            }
            try onRoot(communicator, path) { () throws(CheckpointError) in
                try CheckpointFile.verify(temporary, against: manifest)
                try CheckpointSeal.stamp(temporary, iteration: content.attributes.iteration)
                try CheckpointGenerations.commit(temporary, as: path)
            }
        } catch {
            if communicator.isRoot { unlink(temporary) }
            throw error
        }
    }

    /// Saves a checkpoint from this process alone, without MPI. Rank-local.
    ///
    /// - Throws: ``CheckpointError``; the old files are as they were.
    public static func saveAlone(_ content: CheckpointContent, to path: String) throws(CheckpointError) {
        let manifest = CheckpointManifest(content)
        let temporary = temporaryPath(path)
        removeLeftovers(path)
        do throws(CheckpointError) {
            try CheckpointFile.create(temporary, manifest, content.attributes)
            try CheckpointFile.write(temporary, content)
            try CheckpointFile.verify(temporary, against: manifest)
            try CheckpointSeal.stamp(temporary, iteration: content.attributes.iteration)
            try CheckpointGenerations.commit(temporary, as: path)
        } catch {
            unlink(temporary)
            throw error.at(path)
        }
    }

    /// `checkpoint_latest.h5.1a2b3c4d.tmp` in the same folder: each run folder has its own digits, because Open MPI
    /// makes a semaphore of the bare file name while it writes, and other folds, jobs and users write
    /// `checkpoint_latest.h5` too.
    private static func temporaryPath(_ path: String) -> String {
        let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
        return path + "." + SHA256.digest(of: Array(absolute.utf8)).prefix(8) + ".tmp"
    }

    /// What a killed job left.
    private static func removeLeftovers(_ path: String) {
        let (folder, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        for entry in (try? FileAccess.list(folder.isEmpty ? "." : folder)) ?? []
        where entry.hasPrefix(name + ".") && entry.hasSuffix(".tmp") {
            unlink((folder as NSString).appendingPathComponent(entry))
        }
        if let previous = CheckpointGenerations.previous(of: path) { unlink(CheckpointGenerations.held(previous)) }
    }

    private static func onRoot(
        _ communicator: Communicator, _ path: String, _ body: () throws(CheckpointError) -> Void
    ) throws {
        _ = try communicator.agreeingOnRoot {
            do throws(CheckpointError) { try body() } catch { throw error.at(path) }
        }
    }

    /// Flushes what this node has written.
    private static func flush(_ path: String) -> CheckpointError? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return .lastCall("save") }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? nil : .lastCall("save")
    }

    /// Loads a checkpoint and checks all of it: seal, attributes, names, shapes and digests. Rank-local; without MPI.
    ///
    /// - Parameter layout: the network that shall take the weights.
    /// - Throws: ``CheckpointError``, with a readable difference when the file belongs to another network.
    public static func load(_ path: String, layout: ParameterLayout) throws(CheckpointError) -> CheckpointContent {
        try CheckpointFile.withVerified(path) { (file) throws(CheckpointError) in
            let documents = try CheckpointFile.readDocuments(file)
            let differences = CheckpointFile.differences(documents.tensors, from: layout)
            guard differences.isEmpty else { throw CheckpointError(.mismatch(differences)) }
            let content = CheckpointContent(
                layout: layout, weights: AlignedBuffer(count: layout.scalarCount),
                momentum: AlignedBuffer(count: layout.scalarCount), attributes: documents.attributes,
                metrics: documents.metrics)
            for (place, entry, values) in content.tensors() {
                try CheckpointFile.read(place, shape: entry.shape, file, into: values)
            }
            return content
        }
    }

    /// Loads the weights alone, for inference. Rank-local; without MPI.
    public static func loadWeights(
        _ path: String, layout: ParameterLayout
    ) throws(CheckpointError) -> (weights: AlignedBuffer<Float>, attributes: CheckpointAttributes) {
        try CheckpointFile.withVerified(path) { (file) throws(CheckpointError) in
            let documents = try CheckpointFile.readDocuments(file)
            let differences = CheckpointFile.differences(documents.tensors, from: layout)
            guard differences.isEmpty else { throw CheckpointError(.mismatch(differences)) }
            let weights = AlignedBuffer<Float>(count: layout.scalarCount)
            for entry in layout.entries {
                try CheckpointFile.read(
                    "/weights/" + entry.name, shape: entry.shape, file, into: weights.pointer + entry.offset)
            }
            return (weights, documents.attributes)
        }
    }

    /// What a checkpoint says about itself, whatever its network; all of it is checked. Rank-local; without MPI.
    public static func summary(_ path: String) throws(CheckpointError) -> CheckpointSummary {
        try CheckpointFile.withVerified(path) { (file) throws(CheckpointError) in
            let documents = try CheckpointFile.readDocuments(file)
            var tensors: [(name: String, buffer: AlignedBuffer<Float>)] = []
            for (name, shape) in documents.tensors {
                let buffer = AlignedBuffer<Float>(count: shape.reduce(1, *))
                try CheckpointFile.read("/weights/" + name, shape: shape, file, into: buffer.pointer)
                tensors.append((name, buffer))
            }
            let digest = WeightsDigest.sha256(tensors.map { ($0.name, UnsafeBufferPointer($0.buffer.elements)) })
            guard digest == documents.weightsSHA256 else {
                throw .damaged("its weights do not have the digest it names")
            }
            return CheckpointSummary(
                path: path, attributes: documents.attributes, metrics: documents.metrics, weightsSHA256: digest,
                tensorCount: tensors.count, parameterCount: tensors.reduce(0) { $0 + $1.buffer.count })
        }
    }

    /// SHA-256 over all weights: each tensor once, sorted by name, little-endian float32 in nnU-Net's shape.
    public static func weightsSHA256(_ layout: ParameterLayout, _ weights: AlignedBuffer<Float>) -> String {
        WeightsDigest.sha256(layout, weights)
    }
}
