/// Why a checkpoint could not be saved or loaded.
public struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    public enum Problem: Sendable, Equatable {
        /// The file is not there.
        case missing
        /// The file is none of ours.
        case foreign(String)
        /// The file is not as it was written: truncated, changed, or never finished.
        case damaged(String)
        /// A good file that does not fit what was asked for.
        case mismatch([String])
        /// A file of another program that makes no sense, or asks for what is not done here.
        case notUnderstood(String)
        /// The system refused.
        case refused(action: String, reason: String)
    }

    public let problem: Problem
    /// The file; empty until the caller that knows it adds it.
    public let path: String

    public init(_ problem: Problem, path: String = "") {
        self.problem = problem
        self.path = path
    }

    static func damaged(_ what: String) -> CheckpointError { CheckpointError(.damaged(what)) }

    func at(_ path: String) -> CheckpointError { CheckpointError(problem, path: path) }

    public var description: String {
        switch problem {
        case .missing: "there is no checkpoint \(path)"
        case .foreign(let what): "\(path) is no checkpoint of pgps: \(what)"
        case .damaged(let what): "the checkpoint \(path) is damaged: \(what)"
        case .mismatch(let differences):
            "the checkpoint \(path) does not fit: " + differences.prefix(5).joined(separator: "; ")
                + (differences.count > 5 ? "; and \(differences.count - 5) more" : "")
        case .notUnderstood(let what): "\(path) cannot be read: \(what)"
        case .refused(let action, let reason): "cannot \(action) the checkpoint \(path): \(reason)"
        }
    }
}
