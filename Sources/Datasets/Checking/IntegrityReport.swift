/// One problem that the integrity check found.
public struct IntegrityProblem: Sendable, Equatable, CustomStringConvertible {
    /// The file, or the case, it is about.
    public let file: String
    /// What was found there, and the rule it breaks.
    public let finding: String
    /// What to do about it; empty where the finding is a whole sentence that names the file itself.
    public let remedy: String

    public init(file: String, finding: String, remedy: String) {
        self.file = file
        self.finding = finding
        self.remedy = remedy
    }

    public var description: String {
        remedy.isEmpty ? finding : "\(file): \(finding); \(remedy)"
    }
}

/// What the integrity check found in a raw dataset: every problem, not the first one.
public struct IntegrityReport: Sendable, Equatable, CustomStringConvertible {
    /// The raw dataset's folder.
    public let folder: String
    public let caseCount: Int
    /// These stop planning and preprocessing.
    public let errors: [IntegrityProblem]
    /// These are worth a look.
    public let warnings: [IntegrityProblem]

    public init(folder: String, caseCount: Int, errors: [IntegrityProblem], warnings: [IntegrityProblem]) {
        self.folder = folder
        self.caseCount = caseCount
        self.errors = errors
        self.warnings = warnings
    }

    public var description: String {
        func list(_ problems: [IntegrityProblem], _ title: String) -> [String] {
            problems.isEmpty ? [] : ["\(title):"] + problems.map { "  - \($0)" }
        }
        let cases = caseCount == 1 ? "1 case" : "\(caseCount) cases"
        let verdict =
            errors.isEmpty
            ? "the dataset in \(folder) is sound: \(cases) checked"
            : "the dataset in \(folder) has \(errors.count == 1 ? "1 error" : "\(errors.count) errors") (\(cases) "
                + "checked)"
        let count = warnings.isEmpty ? "" : ", \(warnings.count) warning\(warnings.count == 1 ? "" : "s")"
        return ([verdict + count] + list(errors, "errors") + list(warnings, "warnings")).joined(separator: "\n")
    }
}
