/// Why a model cannot be used or a case cannot be predicted.
public enum PredictionError: Error, CustomStringConvertible {
    case stepSize(Double)
    case logitsNotFinite(slice: Int)
    case modelMissing(folder: String, known: [String])
    case foldMissing(fold: String, file: String, known: [String])
    case foldsDisagree(first: String, second: String, what: String)
    case notAModelFolder(String)
    case configurationUnsupported(name: String, plans: String, reason: String)
    case noCases(folder: String, fileEnding: String)
    case wrongChannelCount(identifier: String, found: Int, expected: [String])
    case part(id: Int, count: Int)
    case outputIsInput(String)
    case casesFailed(failures: [CaseFailure], caseCount: Int)

    public var description: String {
        switch self {
        case .stepSize(let value):
            "the step size is \(value): it is a share of the patch and must be above 0 and at most 1; 0.5 is usual"
        case .logitsNotFinite(let slice):
            "the network's output is not finite in slice \(slice) of the preprocessed image: the image or the "
                + "checkpoint holds values that are not finite"
        case .modelMissing(let folder, let known):
            "there is no trained model in \(folder): "
                + (known.isEmpty
                    ? "train it first, or set nnUNet_results to the folder of results"
                    : "beside it lie \(known.joined(separator: ", ")); choose with -tr, -p and -c")
        case .foldMissing(let fold, let file, let known):
            "fold \(fold) has no checkpoint \(file): "
                + (known.isEmpty
                    ? "no fold of this model has one" : "there is one for fold \(known.joined(separator: ", "))")
                + "; choose the folds with -f and the checkpoint with -chk"
        case .foldsDisagree(let first, let second, let what):
            "\(first) and \(second) cannot be averaged: they differ in \(what)"
        case .notAModelFolder(let path):
            "\(path) is not named as a model's folder: TRAINER__PLANS__CONFIGURATION is expected; give it the name that "
                + "training gave it"
        case .configurationUnsupported(let name, let plans, let reason):
            "the configuration \(name) of \(plans) cannot be used here: \(reason); use another configuration, or plans "
                + "that pgps plan-and-preprocess makes"
        case .noCases(let folder, let fileEnding):
            "no image lies in \(folder): images are named CASE_0000\(fileEnding), CASE_0001\(fileEnding) and so on, one "
                + "per channel"
        case .wrongChannelCount(let identifier, let found, let expected):
            "case \(identifier) has \(found) image file\(found == 1 ? "" : "s"), but the model was trained on "
                + "\(expected.count) channel\(expected.count == 1 ? "" : "s") (\(expected.joined(separator: ", "))): every "
                + "case needs one file per channel, numbered _0000 onwards"
        case .part(let id, let count):
            "part \(id) of \(count) does not exist: -part_id runs from 0 to -num_parts minus 1"
        case .outputIsInput(let folder): "\(folder) is both input and output: choose another output folder"
        case .casesFailed(let failures, let caseCount):
            "\(failures.count) of \(caseCount) cases failed\(failures.count < caseCount ? ", the others are complete" : ""):\n"
                + failures.map { "  \($0.identifier): \($0.reason)" }.joined(separator: "\n")
        }
    }
}

/// A case that could not be predicted, and why.
public struct CaseFailure: Sendable, Equatable {
    public let identifier: String
    public let reason: String

    public init(identifier: String, reason: String) {
        self.identifier = identifier
        self.reason = reason
    }
}
