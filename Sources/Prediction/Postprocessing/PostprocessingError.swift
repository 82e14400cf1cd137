import Documents
import Evaluation
import Volumes

/// Why a postprocessing cannot be determined, read or applied.
public enum PostprocessingError: Error, CustomStringConvertible {
    case pickle(path: String, json: String, isThere: Bool)
    case document(path: String, problem: String)
    case noLabelMaps(folder: String, fileEnding: String)
    case evaluation(EvaluationError)
    case volume(VolumeError)
    case file(FileError)

    public var description: String {
        switch self {
        case .pickle(let path, let json, let isThere):
            "\(path) is a Python pickle, which can run code and is never opened here: give "
                + (isThere ? "\(json), which says the same" : "the postprocessing.json that nnU-Net writes beside it")
        case .document(let path, let problem): "\(path) is not a postprocessing: \(problem)"
        case .noLabelMaps(let folder, let fileEnding):
            "no label map that ends with \(fileEnding) lies in \(folder), so there is nothing to postprocess"
        case .evaluation(let error): error.description
        case .volume(let error): error.description
        case .file(let error): error.description
        }
    }
}
