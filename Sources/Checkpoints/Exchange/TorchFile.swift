import Archives

/// A file of `torch.save`: a zip archive with a pickle and the bytes of its storages.
struct TorchFile {
    /// The widest bound on the pickle, where plans, logs and the names of tensors stand.
    private static let largestPickle = 1 << 24

    let path: String
    let byteCount: Int
    let pickle: Pickle
    private let storages: TorchStorages

    /// Opens a file and reads its pickle; no tensor is read yet, and nothing in the file is executed.
    ///
    /// - Throws: ``CheckpointError``.
    init(contentsOf path: String) throws(CheckpointError) {
        self.path = path
        do throws(CheckpointError) {
            let archive = try Self.calling { () throws(ArchiveError) in try ZipReader(path: path) }
            byteCount = archive.byteCount
            guard let entry = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
                throw .unreadable("it holds no data.pkl, so torch.save did not write it")
            }
            guard entry.count <= Self.largestPickle else {
                throw .unreadable("its data.pkl has \(entry.count) bytes, more than a model needs")
            }
            let root = String(entry.name.dropLast("data.pkl".count))
            if let order = archive[root + "byteorder"], order.count < 16 {
                let text = try Self.calling { () throws(ArchiveError) in try archive.contents(of: order) }
                guard text == Array("little".utf8) else { throw .unreadable("its numbers are not little-endian") }
            }
            let bytes = try Self.calling { () throws(ArchiveError) in try archive.contents(of: entry) }
            pickle = try PickleReader.read(bytes)
            storages = TorchStorages(archive: archive, root: root, storages: pickle.storages)
        } catch { throw error.at(path) }
    }

    /// The tensors of a dictionary of the pickle, checked against the storages in the archive.
    ///
    /// - Throws: ``CheckpointError`` when a value is no tensor, or its storage is not there or has another size.
    func weights(_ dictionary: Pickle.NodeID) throws(CheckpointError) -> WeightsFile {
        do throws(CheckpointError) {
            guard let pairs = pickle.pairs(dictionary) else { throw .unreadable("its weights are no dictionary") }
            var tensors: [(name: String, tensor: FileTensor)] = []
            for (key, value) in pairs {
                guard let name = pickle.text(key), let tensor = pickle.tensor(value) else {
                    throw .unreadable("its weights hold something that is no named tensor")
                }
                try storages.check(tensor.storage)
                tensors.append((name, tensor))
            }
            return try WeightsFile(path: path, byteCount: byteCount, tensors: tensors) {
                [storages] (storage) throws(CheckpointError) in try storages.read(storage)
            }
        } catch { throw error.at(path) }
    }

    /// - Throws: ``CheckpointError`` when the storage of a tensor is not in the archive, or has another size.
    func check(_ tensor: FileTensor) throws(CheckpointError) {
        do throws(CheckpointError) { try storages.check(tensor.storage) } catch { throw error.at(path) }
    }

    static func calling<Result>(_ body: () throws(ArchiveError) -> Result) throws(CheckpointError) -> Result {
        do throws(ArchiveError) { return try body() } catch {
            switch error {
            case .fileSystem(_, _, let reason): throw CheckpointError(.refused(action: "read", reason: reason))
            case .zip(_, let problem): throw .unreadable("it is not a whole zip archive: \(problem)")
            default: throw .unreadable("\(error)")
            }
        }
    }
}

/// The storages of a torch file: entries `data/<key>` of its archive.
private struct TorchStorages {
    let archive: ZipReader
    let root: String
    let storages: [Pickle.Storage]

    private func entry(_ index: Int) throws(CheckpointError) -> ZipReader.Entry {
        let storage = storages[index]
        guard let entry = archive[root + "data/" + storage.key] else {
            throw .unreadable("the storage \(storage.key) is missing")
        }
        let (byteCount, overflows) = storage.count.multipliedReportingOverflow(by: storage.elementType.byteCount)
        guard !overflows, entry.count == byteCount, !entry.isCompressed else {
            throw .unreadable(
                "the storage \(storage.key) has \(entry.count) bytes, which are not \(storage.count) elements of type "
                    + storage.elementType.rawValue)
        }
        return entry
    }

    func check(_ index: Int) throws(CheckpointError) { _ = try entry(index) }

    func read(_ index: Int) throws(CheckpointError) -> [UInt8] {
        let entry = try entry(index)
        return try TorchFile.calling { () throws(ArchiveError) in try archive.contents(of: entry) }
    }
}
