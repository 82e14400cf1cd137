import Documents

/// Why a folder of predictions could not be scored.
public enum EvaluationError: Error, CustomStringConvertible {
    case noPredictions(folder: String, fileEnding: String)
    case predictionsMissing(names: [String], predictionFolder: String, referenceFolder: String)
    case referencesMissing(names: [String], predictionFolder: String, referenceFolder: String)
    case shapesDiffer(reference: String, referenceShape: [Int], prediction: String, predictionShape: [Int])
    case unreadable(path: String, reason: String)
    case noTargets
    case foldNotValidated(fold: String, folder: String)
    case predictedTwice(name: String, folds: [String], modelFolder: String)
    case file(FileError)

    public var description: String {
        switch self {
        case .noPredictions(let folder, let fileEnding):
            "no file that ends with \(fileEnding) lies in \(folder), where the predictions should be"
        case .predictionsMissing(let names, let predictionFolder, let referenceFolder):
            "\(Self.list(names)) of \(referenceFolder) \(names.count == 1 ? "has" : "have") no prediction in "
                + "\(predictionFolder): predict the rest, or score what is there with --chill"
        case .referencesMissing(let names, let predictionFolder, let referenceFolder):
            "\(Self.list(names)) of \(predictionFolder) \(names.count == 1 ? "has" : "have") no reference of the same "
                + "name in \(referenceFolder)"
        case .shapesDiffer(let reference, let referenceShape, let prediction, let predictionShape):
            "the prediction \(prediction) has the shape \(predictionShape) but its reference \(reference) has "
                + "\(referenceShape): both must lie on the same grid, nothing is resampled"
        case .unreadable(_, let reason): reason
        case .noTargets: "the dataset declares no label besides the background, so there is nothing to score"
        case .foldNotValidated(let fold, let folder):
            "fold \(fold) has no predictions to bring together: \(folder) is missing; train the fold, or validate it "
                + "with --val"
        case .predictedTwice(let name, let folds, let modelFolder):
            "\(name) was predicted by more than one fold (\(folds.joined(separator: ", "))) of \(modelFolder): the "
                + "folds do not come from one split"
        case .file(let error): error.description
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
