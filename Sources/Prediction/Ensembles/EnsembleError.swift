import Documents
import Volumes

/// Why the predictions of several models cannot be averaged.
public enum EnsembleError: Error, CustomStringConvertible {
    case noProbabilities(folder: String, remedy: String)
    case casesMissing(identifiers: [String], folder: String)
    case predictedTwice(identifier: String, folders: [String])
    case probabilities(path: String, problem: String)
    case labelMapMissing(path: String, probabilities: String)
    case outputIsInput(String)
    case volume(VolumeError)
    case file(FileError)

    public var description: String {
        switch self {
        case .noProbabilities(let folder, let remedy):
            "no probabilities (CASE.npz) lie in \(folder): predict again with \(remedy)"
        case .casesMissing(let identifiers, let folder):
            "\(folder) has no probabilities of \(identifiers.prefix(3).joined(separator: ", "))"
                + (identifiers.count > 3 ? " and \(identifiers.count - 3) more" : "")
                + ", which others have: only models that predicted the same cases can be averaged"
        case .predictedTwice(let identifier, let folders):
            "case \(identifier) lies in \(folders.joined(separator: " and in ")): the folds do not come from one split"
        case .probabilities(let path, let problem): "the probabilities \(path) cannot be used: \(problem)"
        case .labelMapMissing(let path, let probabilities):
            "the label map \(path) is missing beside \(probabilities): it says where the voxels lie; predict the case again"
        case .outputIsInput(let folder): "\(folder) is both input and output: choose another output folder"
        case .volume(let error): error.description
        case .file(let error): error.description
        }
    }
}
