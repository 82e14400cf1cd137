import Documents

/// Why a dataset cannot be found, understood or prepared.
public enum DatasetError: Error, CustomStringConvertible {
    /// A root folder is needed and neither an option nor the environment names it.
    case rootMissing(variable: String, option: String)
    /// The text is neither the number nor the full name of a dataset.
    case notADatasetName(String)
    case datasetNotFound(String, searched: [String], available: [String])
    /// Two folders share one number.
    case ambiguousDataset(id: Int, names: [String])
    case notAFold(String)
    /// A document (dataset.json, plans, splits…) that says something impossible: all problems at once.
    case document(path: String, problems: [String])
    /// The integrity check found errors; the report names all of them.
    case integrity(IntegrityReport)
    /// One case failed: its name, and why.
    case caseFailed(String, reason: String)
    /// The planner cannot make the wanted configuration.
    case planning(String)
    /// A split cannot be made.
    case split(String)
    /// The folder of preprocessed cases cannot be used.
    case store(folder: String, problem: String)
    /// A conversion or a generated dataset cannot be made.
    case conversion(String)
    case file(FileError)

    public var description: String {
        switch self {
        case .rootMissing(let variable, let option):
            "\(variable) is not set: export \(variable)=/path/to/folder, or give \(option)"
        case .notADatasetName(let text):
            "\"\(text)\" is neither a dataset's number (4) nor its full name (Dataset004_Hippocampus)"
        case .datasetNotFound(let text, let searched, let available):
            "no dataset \"\(text)\" in \(searched.joined(separator: ", ")): "
                + (available.isEmpty
                    ? "there is no dataset at all; is this the right folder?"
                    : "there are \(available.prefix(20).joined(separator: ", "))\(available.count > 20 ? ", …" : "")")
        case .ambiguousDataset(let id, let names):
            "the number \(id) belongs to \(names.count) datasets (\(names.joined(separator: ", "))): give the full "
                + "name, or rename the folders so that each number occurs once"
        case .notAFold(let text):
            "\"\(text)\" is not a fold: it must be a number from 0 on, or \"all\""
        case .document(let path, let problems):
            problems.count == 1
                ? "\(path): \(problems[0])"
                : "\(path) has \(problems.count) problems:\n" + problems.map { "  - " + $0 }.joined(separator: "\n")
        case .integrity(let report): report.description
        case .caseFailed(let identifier, let reason): "case \(identifier): \(reason)"
        case .planning(let problem), .split(let problem), .conversion(let problem): problem
        case .store(let folder, let problem): "the preprocessed cases in \(folder) cannot be used: \(problem)"
        case .file(let error): error.description
        }
    }

    /// Runs file operations and turns their error into this room's.
    static func wrappingFiles<Result>(_ body: () throws(FileError) -> Result) throws(DatasetError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }

    /// The same for a document: a missing or unreadable file is one problem of that document.
    static func readDocument(_ path: String, remedy: String) throws(DatasetError) -> JSONValue {
        guard FileAccess.exists(path) else { throw .document(path: path, problems: ["the file is missing; \(remedy)"]) }
        let value: JSONValue
        do throws(FileError) { value = try JSONValue(contentsOf: path) } catch {
            throw .document(path: path, problems: ["it cannot be read: \(error.reason); \(remedy)"])
        }
        return value
    }
}
