import Documents
import Foundation
import Tensors
import Threads
import Volumes

/// Turns a task folder of the Medical Segmentation Decathlon into a raw dataset.
///
/// 4-D images become one file per channel; all else is copied byte by byte. The source is only read.
public struct MSDConversion: Sendable {
    /// The task's folder, e.g. `Task04_Hippocampus`.
    public let source: String
    public let workspace: Workspace
    /// The new dataset's name.
    public let name: DatasetName

    private static let subfolders = ["imagesTr", "labelsTr", "imagesTs"]
    private static let ending = ".nii.gz"

    /// Checks the source and that the dataset's number is free.
    ///
    /// - Parameter id: the dataset's number; the task's when absent.
    /// - Throws: ``DatasetError/conversion(_:)``.
    public init(source: String, workspace: Workspace, id: Int? = nil) throws(DatasetError) {
        var folder = source
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        let base = ((folder == "." ? FileManager.default.currentDirectoryPath : folder) as NSString).lastPathComponent
        let parts = base.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("Task"), let taskID = Int(parts[0].dropFirst(4)), taskID >= 0,
            let name = DatasetName(id: id ?? taskID, shortName: String(parts[1]))
        else {
            throw .conversion(
                "\(source) is not named like a task of the decathlon: the folder's name must be TaskNN_Name, "
                    + "for example Task04_Hippocampus")
        }
        guard FileAccess.isFolder(folder) else { throw .conversion("\(source) is not a folder") }
        let missing = Self.subfolders.filter { !FileAccess.isFolder(folder + "/" + $0) }
        guard missing.isEmpty else {
            throw .conversion("\(source) has no folder \(missing.joined(separator: ", ")): the task must be complete")
        }
        let root = try workspace.rawRoot()
        let users = DatasetName.all(in: workspace).filter { $0.id == name.id }
        guard users.isEmpty else {
            throw .conversion(
                "the number \(name.id) already belongs to \(users.map(\.name).joined(separator: ", ")): choose "
                    + "another one with -overwrite_id, or remove that dataset from all three roots")
        }
        self.source = folder
        self.workspace = Workspace(raw: root, preprocessed: workspace.preprocessed, results: workspace.results)
        self.name = name
    }

    /// Converts all files; the dataset's folder appears when it is complete.
    ///
    /// - Parameter progress: called after each file, from several threads but one at a time.
    /// - Returns: the new folder.
    public func run(
        limit: Int? = nil, progress: (@Sendable (DatasetProgress) -> Void)? = nil
    ) throws(DatasetError) -> String {
        let description = try convertedDescription()
        let target = try workspace.rawFolder(of: name)
        let partial = target + ".partial"
        let jobs = try jobs()
        do throws(DatasetError) {
            try DatasetError.wrappingFiles { () throws(FileError) in
                try FileAccess.remove(partial)
                for folder in Self.subfolders { try FileAccess.makeFolder(partial + "/" + folder) }
            }
            let counter = ProgressCounter(.converting, total: jobs.count, report: progress)
            _ = try Threads.map(jobs.count, limit: limit) { (index) throws(DatasetError) -> Bool in
                try jobs[index].run(from: source, to: partial)
                counter.finished(jobs[index].file)
                return true
            }
            try DatasetError.wrappingFiles { () throws(FileError) in
                try FileAccess.replace(
                    partial + "/dataset.json", with: description.text(indent: 4), isFlushed: false)
                // All files at once, before the folder gets the name that says that it is complete.
                try FileAccess.flushFileSystem(holding: partial)
                try FolderAccess.rename(partial, to: target)
                try FileAccess.synchronizeFolder((target as NSString).deletingLastPathComponent)
            }
        } catch {
            try? FileAccess.remove(partial)
            throw error
        }
        return target
    }

    /// One file to convert.
    private struct Job: Sendable {
        let folder: String
        let file: String
        let isImage: Bool

        func run(from source: String, to target: String) throws(DatasetError) {
            let path = source + "/" + folder + "/" + file
            let stem = String(file.dropLast(ending.count))
            do throws(VolumeError) {
                guard isImage, try NIfTI.readHeader(path).shape[0] > 1 else {
                    let newName = isImage ? stem + "_0000" + ending : file
                    try copy(path, to: target + "/" + folder + "/" + newName)
                    return
                }
                let image = try NIfTI.read(path)
                let volume = Array(image.voxels.shape.dropFirst())
                let count = volume.reduce(1, *)
                for channel in 0..<image.voxels.shape[0] {
                    let digits = String(channel)
                    let suffix = "_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ending
                    let voxels = Tensor(
                        shape: [1] + volume,
                        scalars: Array(image.voxels.scalars[channel * count..<(channel + 1) * count]))
                    // Integers stay integers: half the size, and nothing is lost.
                    let fits = voxels.scalars.allSatisfy { abs($0) <= 32767 && $0 == $0.rounded() }
                    try NIfTI.write(
                        Image(voxels: voxels, geometry: image.geometry), as: fits ? .int16 : .float32,
                        to: target + "/" + folder + "/" + stem + suffix)
                }
            } catch { throw .conversion(error.description) }
        }

        private func copy(_ path: String, to target: String) throws(VolumeError) {
            do throws(FileError) {
                try FileAccess.replace(target, with: try FileAccess.read(path), isFlushed: false)
            } catch { throw .file(error) }
        }
    }

    private func jobs() throws(DatasetError) -> [Job] {
        var jobs: [Job] = []
        for folder in Self.subfolders {
            let names = try DatasetError.wrappingFiles { () throws(FileError) in
                try FileAccess.list(source + "/" + folder)
            }
            for name in names where name.hasSuffix(Self.ending) && !name.hasPrefix(".") && !name.hasPrefix("_") {
                jobs.append(Job(folder: folder, file: name, isImage: folder != "labelsTr"))
            }
        }
        return jobs
    }

    /// dataset.json in the new form: labels by name, `channel_names`, `file_ending`; what else it says stays.
    private func convertedDescription() throws(DatasetError) -> JSONValue {
        let path = source + "/dataset.json"
        let json = try DatasetError.readDocument(path, remedy: "every task of the decathlon has one")
        var problems: [String] = []
        let labels = json["labels"]?.object
        let modality = json["modality"]?.object
        if labels == nil {
            problems.append("\"labels\" must be an object like {\"0\": \"background\", \"1\": \"liver\"}")
        }
        if modality == nil { problems.append("\"modality\" must be an object like {\"0\": \"CT\"}") }
        var inverted = JSONObject()
        for (value, label) in labels?.members ?? [] {
            guard let value = Int(value), let label = label.string else {
                problems.append("the label \"\(value)\": \(label.text()) must be a number in quotes and a name")
                continue
            }
            inverted[label] = .integer(value)
        }
        guard problems.isEmpty, let object = json.object, let modality else {
            throw .document(path: path, problems: problems)
        }
        var converted = JSONObject()
        for (key, value) in object.members where !["modality", "training", "test", "labels"].contains(key) {
            converted[key] = value
        }
        converted["labels"] = .object(inverted)
        converted["file_ending"] = .string(Self.ending)
        converted["channel_names"] = .object(modality)
        return .object(converted)
    }
}
