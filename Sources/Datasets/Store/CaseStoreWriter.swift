import Documents
import Foundation
import Tensors

/// Writes a folder of preprocessed cases that appears under its name when it is complete.
///
/// The cases go into `NAME.partial`; ``finish(_:signature:recipe:)`` writes the index and renames the folder. A folder of
/// that name that an interrupted run left behind is removed at the start.
public struct CaseStoreWriter: Sendable {
    /// The folder's final path.
    public let folder: String
    private var partial: String { folder + ".partial" }

    /// Starts a store; an existing one at `folder` stays until the new one is finished.
    public init(folder: String) throws(DatasetError) {
        self.folder = folder
        do throws(FileError) {
            try FileAccess.remove(partial)
            try FileAccess.makeFolder(partial)
        } catch { throw .file(error) }
    }

    /// Writes the files of one case; on failure none of them remains.
    ///
    /// Different cases may be written from different threads.
    public func write(
        _ arrays: PreprocessedArrays, classLocations: [ClassLocations], identifier: String
    ) throws(DatasetError) {
        let stem = partial + "/" + identifier
        let suffixes = [".npy", "_seg.npy", "_locations.npy", ".json"]
        do throws(FileError) {
            let image = arrays.image
            try image.scalars.withElements { (elements) throws(FileError) in
                try NumPyFile.write(elements, shape: image.shape, to: stem + suffixes[0])
            }
            let labels = arrays.labels
            try labels.scalars.withElements { (elements) throws(FileError) in
                try NumPyFile.write(elements, shape: [1] + labels.shape, to: stem + suffixes[1])
            }
            let coordinates = Self.coordinates(of: classLocations)
            try NumPyFile.write(
                UnsafeBufferPointer(coordinates.elements), shape: [coordinates.count / 3, 3], to: stem + suffixes[2])
            var description = arrays.properties.json
            description["class_locations"] = .array(
                classLocations.map { ["key": .integers($0.key), "count": .integer($0.voxels.count)] })
            try FileAccess.replace(
                stem + suffixes[3], with: JSONValue.object(description).text(indent: 1), isFlushed: false)
        } catch {
            for suffix in suffixes { unlink(stem + suffix) }
            throw .caseFailed(identifier, reason: error.description)
        }
    }

    /// Declares the store complete and gives it its name, in place of an older one.
    ///
    /// - Parameters:
    ///   - signature: what the cases were made from; ``CaseStore/signature``.
    ///   - recipe: what the plans say of preprocessing; ``PreprocessingRecipe``.
    public func finish(
        _ identifiers: [String], signature: String, recipe: JSONObject? = nil
    ) throws(DatasetError) -> CaseStore {
        var index: JSONObject = [
            "version": .integer(CaseStore.formatVersion), "signature": .string(signature),
            "cases": .strings(identifiers.sortedByCodePoints()),
        ]
        index["recipe"] = recipe.map { .object($0) }
        let old = folder + ".old"
        do throws(FileError) {
            try FileAccess.replace(
                partial + "/" + CaseStore.indexName, with: JSONValue.object(index).text(indent: 1), isFlushed: false)
            // All files of all cases at once, before the folder gets the name that says that it is complete.
            try FileAccess.flushFileSystem(holding: partial)
            try FileAccess.remove(old)
            if FileAccess.exists(folder) { try FolderAccess.rename(folder, to: old) }
            try FolderAccess.rename(partial, to: folder)
            try FileAccess.synchronizeFolder((folder as NSString).deletingLastPathComponent)
            try FileAccess.remove(old)
        } catch { throw .file(error) }
        return try CaseStore(folder: folder)
    }

    /// Removes what was written so far.
    public func abandon() { try? FileAccess.remove(partial) }

    private static func coordinates(of locations: [ClassLocations]) -> AlignedBuffer<Int32> {
        let buffer = AlignedBuffer<Int32>(count: 3 * locations.reduce(0) { $0 + $1.voxels.count })
        var position = 0
        for location in locations {
            for voxel in location.voxels {
                for axis in 0..<3 { buffer.pointer[position + axis] = voxel[axis] }
                position += 3
            }
        }
        return buffer
    }
}

/// Renaming whole folders.
enum FolderAccess {
    static func rename(_ path: String, to newPath: String) throws(FileError) {
        guard Glibc.rename(path, newPath) == 0 else { throw .lastCall("rename \(path) to", newPath) }
    }
}

extension Array {
    /// `withUnsafeBufferPointer` that keeps the type of the error.
    func withElements<Failure: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Void
    ) throws(Failure) {
        let outcome: Result<Void, Failure> = withUnsafeBufferPointer { elements in
            do throws(Failure) {
                try body(elements)
                return .success(())
            } catch { return .failure(error) }
        }
        try outcome.get()
    }
}
