import Synchronization

/// How far the preparation of a dataset is.
public struct DatasetProgress: Sendable, Equatable {
    public enum Step: String, Sendable {
        case checking = "Checking images"
        case preprocessing = "Preprocessing"
        case converting = "Converting"
        case generating = "Generating"
    }

    public let step: Step
    /// Cases done.
    public let completed: Int
    /// All cases.
    public let total: Int
    /// The case that has just been done.
    public let identifier: String
}

/// Counts finished cases on many threads and reports them one at a time.
final class ProgressCounter: Sendable {
    private let completed = Mutex(0)
    private let step: DatasetProgress.Step
    private let total: Int
    private let report: (@Sendable (DatasetProgress) -> Void)?

    init(_ step: DatasetProgress.Step, total: Int, report: (@Sendable (DatasetProgress) -> Void)?) {
        self.step = step
        self.total = total
        self.report = report
    }

    func finished(_ identifier: String) {
        completed.withLock { completed in
            completed += 1
            report?(DatasetProgress(step: step, completed: completed, total: total, identifier: identifier))
        }
    }
}
