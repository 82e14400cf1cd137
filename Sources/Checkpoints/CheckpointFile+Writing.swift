internal import CHDF5
import Cluster
import Documents
import Foundation
import Networks

/// The HDF5 file of a checkpoint.
///
/// `/weights/<name>` and `/momentum/<name>` (float32, the names of nnU-Net's state dict), `/attributes` and `/metrics`
/// (JSON, as bytes: an HDF5 attribute ends at 64 kB), each with its SHA-256; the root's attributes repeat what people
/// look for. Every object is laid out by rank 0, with the room for its data, before any data is written: both writers
/// give the same file, and the ranks write into room that exists.
enum CheckpointFile {
    /// Makes the file with everything but the tensors' values, and takes all its room on the disk. Rank-local.
    static func create(_ path: String, _ manifest: CheckpointManifest, _ attributes: CheckpointAttributes)
        throws(CheckpointError)
    {
        try reserve(path, byteCount: manifest.estimatedByteCount, creating: true)
        do throws(HDF5Error) {
            try HDF5.locked { () throws(HDF5Error) in try layOut(path, manifest, attributes) }
        } catch {
            throw .refused("save", error)
        }
        try reserve(path, byteCount: 0, creating: false)
    }

    private static func layOut(
        _ path: String, _ manifest: CheckpointManifest, _ attributes: CheckpointAttributes
    ) throws(HDF5Error) {
        let file = try HDF5.createFile(path, userBlock: CheckpointSeal.byteCount)
        try HDF5.createGroup("/weights", in: file)
        try HDF5.createGroup("/momentum", in: file)
        for tensor in manifest.tensors {
            let dataset = try HDF5.createDataset(tensor.path, in: file, .float, shape: tensor.shape)
            try HDF5.writeAttribute("sha256", tensor.digest, on: dataset)
            try dataset.close("H5Dclose", tensor.path)
        }
        for (name, bytes) in [("/attributes", manifest.attributes), ("/metrics", manifest.metrics)] {
            let dataset = try HDF5.createDataset(name, in: file, .byte, shape: [bytes.count])
            try HDF5.writeAttribute("sha256", SHA256.digest(of: bytes), on: dataset)
            try HDF5.write(dataset, name, .byte, bytes)
            try dataset.close("H5Dclose", name)
        }
        try HDF5.writeAttribute("scheme", attributes.scheme, on: file)
        try HDF5.writeAttribute("stage", attributes.stage, on: file)
        try HDF5.writeAttribute("epoch", attributes.epoch, on: file)
        try HDF5.writeAttribute("iteration", attributes.iteration, on: file)
        try HDF5.writeAttribute("seed", String(attributes.seed), on: file)
        try HDF5.writeAttribute("threads", attributes.threads, on: file)
        try HDF5.writeAttribute("plansName", attributes.plansName, on: file)
        try HDF5.writeAttribute("plansHash", attributes.plansHash, on: file)
        try HDF5.writeAttribute("datasetHash", attributes.datasetHash, on: file)
        try HDF5.writeAttribute("weightsSHA256", manifest.weightsSHA256, on: file)
        try file.close("H5Fclose", path)
    }

    /// Takes room on the disk, so that a full disk, a quota or a size limit shows here and not in the middle of a
    /// collective write. File systems that cannot do so are taken as they are.
    ///
    /// - Parameter byteCount: the file's own size when 0.
    private static func reserve(_ path: String, byteCount: Int, creating: Bool) throws(CheckpointError) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | (creating ? O_CREAT | O_TRUNC : 0), 0o644)
        guard descriptor >= 0 else { throw .lastCall("save") }
        defer { close(descriptor) }
        var size = byteCount
        if size == 0 {
            var information = stat()
            guard fstat(descriptor, &information) == 0 else { throw .lastCall("save") }
            size = Int(information.st_size)
        }
        while chdf5_reserve(descriptor, size) != 0 {
            if errno == EINTR { continue }
            if errno == EOPNOTSUPP || errno == ENOSYS { return }
            throw .lastCall("save")
        }
    }

    /// Writes all tensors from this process. Rank-local.
    static func write(_ path: String, _ content: CheckpointContent) throws(CheckpointError) {
        do throws(HDF5Error) {
            try HDF5.locked { () throws(HDF5Error) in
                let file = try HDF5.openFile(path, forWriting: true)
                for (place, _, values) in content.tensors() {
                    let dataset = try HDF5.openDataset(place, in: file)
                    try HDF5.write(dataset, place, .float, values)
                    try dataset.close("H5Dclose", place)
                }
                try file.close("H5Fclose", path)
            }
        } catch {
            throw .refused("save", error)
        }
    }

    /// Writes all tensors from all ranks, each its rows of every tensor.
    ///
    /// A rank whose write fails goes on with the same calls as the others, so that nobody waits for it.
    ///
    /// - Parameter target: the path that messages name.
    /// - Throws: on all ranks when one failed (``AgreedError``).
    /// - Collective: every rank of the communicator.
    static func writeTogether(
        _ path: String, _ content: CheckpointContent, _ communicator: Communicator, target: String
    ) throws {
        func agree(_ failure: (any Error)?) throws {
            try communicator.agree(failure: failure.map { CheckpointError.refused("save", $0).at(target) })
        }
        try HDF5.locked {
            try agree(checkAccess(path, communicator))
            let (file, datasets, openingFailure) = open(path, content, communicator)
            // Closing is collective: where one rank could not open, the others leave their handles as they are.
            try agree(openingFailure)
            var failure: (any Error)?
            do {
                let transfer = try HDF5.collectiveTransfer()
                for (dataset, tensor) in zip(datasets, content.tensors()) {
                    let rows = Shares.range(
                        rank: communicator.rank, size: communicator.size, count: tensor.entry.shape[0])
                    do {
                        try HDF5.writeTogether(
                            dataset, tensor.path, shape: tensor.entry.shape, rows: rows, transfer, tensor.values)
                    } catch { failure = failure ?? error }
                }
                for (dataset, tensor) in zip(datasets, content.tensors()) {
                    try HDF5.check("H5Dclose", tensor.path, H5Dclose(dataset))
                }
            } catch { failure = failure ?? error }
            do { try HDF5.check("H5Fclose", path, H5Fclose(file)) } catch { failure = failure ?? error }
            try agree(failure)
        }
    }

    /// Opens the file on all ranks, and all datasets; whoever calls this closes them, in this order: datasets, file.
    private static func open(
        _ path: String, _ content: CheckpointContent, _ communicator: Communicator
    ) -> (file: hid_t, datasets: [hid_t], failure: (any Error)?) {
        do {
            let file = try HDF5.openFile(path, ranks: communicator.fortranHandle).released()
            let datasets = try content.tensors().map { tensor in
                let dataset = H5Dopen2(file, tensor.path, chdf5_defaults())
                try HDF5.check("H5Dopen", tensor.path, dataset < 0 ? -1 : 0)
                return dataset
            }
            return (file, datasets, nil)
        } catch { return (-1, [], error) }
    }

    /// Every rank must see the file that the root has made, and may write as much.
    private static func checkAccess(_ path: String, _ communicator: Communicator) -> CheckpointError? {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { return .lastCall("save") }
            let reason =
                "\(communicator.place.host) does not see the file that the root has made; the results folder must lie on a "
                + "file system that all nodes share (or use --checkpoint-writer root)"
            return CheckpointError(.refused(action: "save", reason: reason))
        }
        defer { close(descriptor) }
        var information = stat()
        var limit = rlimit()
        guard fstat(descriptor, &information) == 0, getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0
        else { return .lastCall("save") }
        guard limit.rlim_cur >= rlim_t(information.st_size) else {
            return CheckpointError(.refused(action: "save", reason: String(cString: strerror(EFBIG))))
        }
        return nil
    }
}

extension CheckpointError {
    static func refused(_ action: String, _ error: any Error) -> CheckpointError {
        CheckpointError(.refused(action: action, reason: (error as? CheckpointError)?.reason ?? "\(error)"))
    }

    private var reason: String? {
        if case .refused(_, let reason) = problem { reason } else { nil }
    }
}
