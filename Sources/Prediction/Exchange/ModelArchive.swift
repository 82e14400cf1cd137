import Archives
import Checkpoints
import Datasets
import Documents
import Foundation

/// A zip archive of trained models as nnU-Net shares them, `DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION/…`, on its way
/// into the results.
public struct ModelArchive {
    private let archive: ZipReader
    private let files: [ZipReader.Entry]
    /// `DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION` of every model inside.
    public let models: [String]

    /// Opens an archive and checks where its entries want to go; nothing is unpacked yet.
    ///
    /// - Throws: `ArchiveError`; ``ExchangeError`` for an entry that would leave the folder of the results, is a link, or
    ///   declares an impossible size.
    public init(contentsOf path: String) throws {
        archive = try ZipReader(path: path)
        files = archive.entries.filter { !$0.isFolder }
        for entry in archive.entries {
            if let rule = Self.violatedRule(of: entry) {
                throw ExchangeError.entry(name: entry.name, path: path, rule: rule)
            }
        }
        let plans = files.map(\.name).filter { $0.split(separator: "/").count == 3 && $0.hasSuffix("/plans.json") }
        models = plans.map { String($0.dropLast("/plans.json".count)) }.filter {
            $0.components(separatedBy: "__").count == 3
        }
        guard !models.isEmpty else { throw ExchangeError.noModelInside(path: path) }
    }

    private static func violatedRule(of entry: ZipReader.Entry) -> String? {
        var words = entry.name.split(separator: "/", omittingEmptySubsequences: false)
        if entry.isFolder { words.removeLast() }
        guard words.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !entry.name.contains("\\"),
            entry.name.utf8.allSatisfy({ $0 >= 32 })
        else { return "would be written outside of the folder of the results" }
        guard let first = words.first, DatasetName(fullName: String(first)) != nil, words.count >= 2 || entry.isFolder
        else { return "does not lie in the folder of a dataset (DatasetXXX_Name)" }
        if entry.isSymbolicLink { return "is a symbolic link" }
        return entry.count / DeflateFormat.largestRatio > entry.storedCount
            ? "declares more bytes than its data can hold" : nil
    }

    /// Unpacks everything beside its place, turns nnU-Net's checkpoints into ours, and gives the models their names.
    ///
    /// - Parameters:
    ///   - overwrites: models that are there are replaced as a whole.
    ///   - note: takes what could not be done with a model that is installed all the same.
    /// - Returns: the folders of the models.
    /// - Throws: ``ExchangeError`` before anything is unpacked; `ArchiveError`, `CheckpointError` or `FileError` with the
    ///   results as they were.
    public func install(
        in workspace: Workspace, overwrites: Bool, note: (String) -> Void
    ) throws -> [String] {
        let root = try workspace.resultsRoot()
        let others = files.map(\.name).filter { name in !models.contains { name.hasPrefix($0 + "/") } }
        let present = (models + others).map { root + "/" + $0 }.filter(FileAccess.exists)
        guard overwrites || present.isEmpty else { throw ExchangeError.exists(present) }
        try FileAccess.makeFolder(root)
        try checkRoom(root)
        let staging = "\(root)/.install\(getpid()).tmp"
        try FileAccess.remove(staging)
        defer { try? FileAccess.remove(staging) }
        for entry in files {
            let target = staging + "/new/" + entry.name
            try FileAccess.makeFolder((target as NSString).deletingLastPathComponent)
            try archive.extract(entry, to: target)
        }
        for model in models { try convert(staging + "/new/" + model, note) }
        let replaced = try Replacement.run((models + others).map { ("\(staging)/new/\($0)", "\(root)/\($0)") })
        for folder in replaced {
            do { try FileAccess.remove(folder) } catch { note("what was replaced is left over: \(error)") }
        }
        return models.map { root + "/" + $0 }
    }

    private func checkRoom(_ root: String) throws {
        var disk = statvfs()
        guard statvfs(root, &disk) == 0 else { throw FileError.lastCall("look at the disk of", root) }
        let available = Int(
            clamping: UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize)).partialValue)
        let needed = files.reduce(0) { $0.addingReportingOverflow($1.count).partialValue }
        guard needed >= 0, needed <= available else {
            throw ExchangeError.noRoom(path: archive.path, needed: needed, available: available)
        }
    }

    /// Replaces the `.pth` files of an unpacked model by checkpoints of ours; a network that is not known here keeps them.
    private func convert(_ folder: String, _ note: (String) -> Void) throws {
        for fold in try FoldName.all(in: folder) {
            let foldFolder = folder + "/" + fold.folderName
            for name in try FileAccess.list(foldFolder) where name.hasSuffix(".pth") {
                let model: ModelFolder
                do { model = try ModelFolder(path: folder) } catch let error as PredictionError {
                    note("\((folder as NSString).lastPathComponent) keeps its .pth files: \(error)")
                    return
                }
                let trainer = (folder as NSString).lastPathComponent.components(separatedBy: "__")[0]
                try ForeignCheckpoint(contentsOf: foldFolder + "/" + name).save(
                    model.architecture.parameterLayout, plans: model.plans, configuration: model.configuration.name,
                    fold: fold, trainer: trainer, mirrorAxes: [0, 1, 2],
                    to: foldFolder + "/" + ModelFolder.checkpointFile(name))
                try FileAccess.remove(foldFolder + "/" + name)
            }
        }
    }
}
