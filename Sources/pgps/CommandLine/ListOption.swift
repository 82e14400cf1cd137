import ArgumentParser
import Datasets
import Training

/// Lists on the command line: words separated by spaces or commas.
enum ListOption {
    /// The single words: `["4,5", "6"]` is `["4", "5", "6"]`.
    static func words(_ arguments: [String]) -> [String] {
        RunOption.words(arguments)
    }

    static func integers(_ arguments: [String], option: String) throws -> [Int] {
        try words(arguments).map { word in
            guard let number = Int(word) else { throw ValidationError("\(option): \"\(word)\" is not an integer") }
            return number
        }
    }

    /// Folds; the five of nnU-Net's cross-validation where none is named.
    static func folds(_ arguments: [String]) throws -> [FoldName] {
        let words = words(arguments)
        return try (words.isEmpty ? ["0", "1", "2", "3", "4"] : words).map { try FoldName(parsing: $0) }
    }

    static func numbers(_ arguments: [String], option: String) throws -> [Double] {
        try words(arguments).map { word in
            guard let number = Double(word) else { throw ValidationError("\(option): \"\(word)\" is not a number") }
            return number
        }
    }
}

extension ProgressDisplay {
    func update(_ progress: DatasetProgress) {
        update(
            progress.step.rawValue, completed: progress.completed, total: progress.total, detail: progress.identifier)
    }
}
