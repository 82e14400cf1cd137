/// Why a training cannot start or go on.
public enum TrainingError: Error, Sendable, Equatable {
    /// `--c` where no run was started.
    case nothingToContinue(folder: String)
    /// A new run where an old one lies.
    case alreadyStarted(folder: String, iteration: Int)
    /// `-pretrained_weights` for a run that has weights of its own.
    case pretrainedAndContinued
    /// A checkpoint that belongs to another run.
    case otherRun(path: String, differences: [String])
    /// `--val` before the training was finished.
    case notFinished(folder: String)
    /// A loss or gradient that is not a finite number.
    case notFinite(what: String, iteration: Int, epoch: Int, stage: Int, cases: [String])
    /// A directive of the scheduler that does not fit the schedule: a defect of the program.
    case outOfStep(iteration: Int, expected: Int, received: Int)
    /// Cases that could not be predicted.
    case validationFailed([String])
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nothingToContinue(let folder):
            "--c: there is no run to continue in \(folder): no checkpoint lies there; leave --c out to start one"
        case .alreadyStarted(let folder, let iteration):
            "\(folder) already holds a run (iteration \(iteration)); --c continues it, --overwrite starts anew"
        case .pretrainedAndContinued:
            "-pretrained_weights is where a new run starts from, but --c and --val go on with the weights of the run: "
                + "leave one of them out"
        case .otherRun(let path, let differences):
            "the checkpoint \(path) belongs to another run: \(differences.joined(separator: "; ")); continue with the "
                + "options of run.yaml beside it, or start anew with --overwrite"
        case .notFinished(let folder):
            "--val: \(folder) has no checkpoint_final.h5; finish the training first (--c)"
        case .notFinite(let what, let iteration, let epoch, let stage, let cases):
            "\(what) of iteration \(iteration) (epoch \(epoch), stage \(stage + 1)) is not a finite number; its cases: "
                + cases.joined(separator: ", ")
                + "; the weights are as they were before it; look at these images, then continue with --c"
        case .outOfStep(let iteration, let expected, let received):
            "iteration \(iteration) belongs to stage \(expected), but the scheduler said stage \(received)"
        case .validationFailed(let failures):
            "the validation could not predict " + failures.joined(separator: "; ")
        }
    }
}
