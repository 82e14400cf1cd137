import Checkpoints
import Documents

/// The folder of one fold's run, and the documents that nnU-Net keeps beside the folds.
struct RunFolder {
    let setup: FoldSetup
    var path: String { setup.folder }

    private var checkpoints: [String] { CheckpointName.allCases.map { $0.path(in: path) }.filter(FileAccess.exists) }

    /// Finds out, before anything is written, whether a job may start on these folds. A job of several folds continues
    /// where one of them has a checkpoint; the others start.
    ///
    /// - Throws: ``TrainingError/alreadyStarted(folder:iteration:)``, ``TrainingError/nothingToContinue(folder:)``,
    ///   ``TrainingError/notFinished(folder:)``, ``TrainingError/otherRun(path:differences:)``; `CheckpointError` where
    ///   checkpoints lie and none is whole.
    static func check(_ folders: [RunFolder], _ mode: RunMode) throws {
        switch mode {
        case .start(let overwrites):
            guard !overwrites, let folder = folders.first(where: { !$0.checkpoints.isEmpty }) else { return }
            let iterations = folder.checkpoints.compactMap { try? Checkpoint.summary($0).attributes.iteration }
            throw TrainingError.alreadyStarted(folder: folder.path, iteration: iterations.max() ?? 0)
        case .resume:
            if folders.allSatisfy(\.checkpoints.isEmpty) {
                throw TrainingError.nothingToContinue(folder: folders.map(\.path).joined(separator: ", "))
            }
        case .validate:
            if let folder = folders.first(where: { !FileAccess.exists(CheckpointName.final.path(in: $0.path)) }) {
                throw TrainingError.notFinished(folder: folder.path)
            }
        }
        for folder in folders {
            let layout = folder.setup.architecture.parameterLayout
            if let found = try Checkpoint.newestValid(in: folder.path, layout: layout) {
                _ = try folder.state(found, mode)
            }
        }
    }

    /// What a checkpoint of this folder knows, if a run of this setup and mode may go on from it.
    ///
    /// - Throws: ``TrainingError/notFinished(folder:)``, ``TrainingError/otherRun(path:differences:)``.
    func state(_ found: FoundCheckpoint, _ mode: RunMode) throws(TrainingError) -> RunState {
        if mode == .validate, found.content.attributes.iteration < setup.schedule.iterationCount {
            throw .notFinished(folder: path)
        }
        return try RunState(found, setup: setup)
    }

    /// Makes the folder and writes plans, dataset description, fingerprint and the resolved configuration.
    func writeDocuments(_ configuration: RunConfiguration) throws(FileError) {
        try FileAccess.makeFolder(path)
        try FileAccess.replace(setup.modelFolder + "/plans.json", with: setup.plans.json.text(indent: 4))
        try FileAccess.replace(setup.modelFolder + "/dataset.json", with: setup.description.json.text(indent: 4))
        let fingerprint = setup.preprocessedFolder + "/dataset_fingerprint.json"
        if FileAccess.exists(fingerprint) {
            try FileAccess.replace(setup.modelFolder + "/dataset_fingerprint.json", with: FileAccess.read(fingerprint))
        }
        try FileAccess.replace(path + "/run.yaml", with: configuration.yaml)
    }

    /// Removes what an earlier run left that a new one would mix with its own.
    func clear() throws(FileError) {
        guard FileAccess.isFolder(path) else { return }
        let stale = CheckpointName.allCases.map(\.rawValue) + ["progress.jsonl", "progress.svg", "validation"]
        for name in stale { try FileAccess.remove(path + "/" + name) }
    }

    /// After the final checkpoint the running ones are of no more use.
    func removeRunningCheckpoints() throws(FileError) {
        for name in [CheckpointName.latest, .previous] { try FileAccess.remove(name.path(in: path)) }
    }
}

/// How a run begins.
public enum RunMode: Sendable, Equatable {
    /// Anew; where a run already lies, only if it may be overwritten.
    case start(overwrites: Bool)
    /// From the newest valid checkpoint (`--c`).
    case resume
    /// Only the final validation (`--val`).
    case validate

    /// The run was started before.
    public var continues: Bool { self == .resume || self == .validate }
}
