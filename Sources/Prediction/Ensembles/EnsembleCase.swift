import Datasets
import Documents

/// One case that several models have predicted with probabilities.
public struct EnsembleCase: Sendable, Equatable {
    public let identifier: String
    /// Folder of each model's prediction, in the models' order.
    public let folders: [String]

    public init(identifier: String, folders: [String]) {
        self.identifier = identifier
        self.folders = folders
    }

    /// The cases of several folders of predictions.
    ///
    /// - Returns: in the order of their names.
    /// - Throws: ``EnsembleError`` unless all folders hold the same cases, and at least one.
    public static func matching(folders: [String]) throws(EnsembleError) -> [EnsembleCase] {
        var members: [Member] = []
        for folder in folders {
            let names = try identifiers(in: folder)
            guard !names.isEmpty else { throw .noProbabilities(folder: folder, remedy: "--save_probabilities") }
            members.append(
                Member(name: folder, folders: Dictionary(uniqueKeysWithValues: names.map { ($0, folder) })))
        }
        return try matching(members)
    }

    /// The validation cases of several models, each over all of its folds; the models' splits may differ.
    ///
    /// - Parameter modelFolders: run folders, with `fold_k/validation` for every fold.
    /// - Throws: ``EnsembleError`` for a fold without probabilities, a case in two folds of one model, and models with
    ///   different cases.
    public static func matching(
        modelFolders: [String], folds: [FoldName]
    ) throws(EnsembleError) -> [EnsembleCase] {
        var members: [Member] = []
        for model in modelFolders {
            var places: [String: String] = [:]
            for fold in folds {
                let folder = "\(model)/\(fold.folderName)/validation"
                let names = try identifiers(in: folder)
                guard !names.isEmpty else { throw .noProbabilities(folder: folder, remedy: "--val --npz") }
                for name in names {
                    if let other = places.updateValue(folder, forKey: name) {
                        throw .predictedTwice(identifier: name, folders: [other, folder])
                    }
                }
            }
            members.append(Member(name: model, folders: places))
        }
        return try matching(members)
    }

    /// What one model has predicted: the folder of every case.
    private struct Member {
        let name: String
        let folders: [String: String]
    }

    private static func matching(_ members: [Member]) throws(EnsembleError) -> [EnsembleCase] {
        let all = Set(members.flatMap(\.folders.keys)).sorted()
        for member in members {
            let missing = all.filter { member.folders[$0] == nil }
            guard missing.isEmpty else { throw .casesMissing(identifiers: missing, folder: member.name) }
        }
        return all.map { identifier in
            EnsembleCase(identifier: identifier, folders: members.compactMap { $0.folders[identifier] })
        }
    }

    private static func identifiers(in folder: String) throws(EnsembleError) -> [String] {
        do {
            return try FileAccess.list(folder).filter { $0.hasSuffix(".npz") && !$0.hasPrefix(".") }
                .map { String($0.dropLast(4)) }
        } catch {
            throw .file(error)
        }
    }
}
