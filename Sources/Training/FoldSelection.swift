import Datasets

/// Which folds a job trains.
public enum FoldSelection: Sendable, Equatable {
    /// One fold, by the whole job.
    case one(FoldName)
    /// Several numbered folds side by side, in ascending order.
    case several([FoldName])
    /// Every fold of the dataset's splits side by side.
    case allFolds

    static let rule =
        "a number from 0 on, \"all\" (one fold of all cases), several numbers (0,1,2), "
        + "or \"all-folds\" (every fold of the splits)"

    /// Understands `0`, `all`, `0,1,2`, `0 1 2` and `all-folds`; nil for anything else and for a fold named twice.
    public init?(parsing text: String) {
        if RunText.isSame(text, "all-folds") {
            self = .allFolds
            return
        }
        let words = RunText.words(text)
        if words.count == 1, let fold = try? FoldName(parsing: words[0]) {
            self = .one(fold)
            return
        }
        let numbers = words.compactMap { word -> Int? in
            guard case .number(let number)? = try? FoldName(parsing: word) else { return nil }
            return number
        }
        guard words.count > 1, numbers.count == words.count, Set(numbers).count == numbers.count else { return nil }
        self = .several(numbers.sorted().map(FoldName.number))
    }

    /// The folds, where the splits have `splitCount` of them.
    public func names(splitCount: Int) -> [FoldName] {
        switch self {
        case .one(let fold): [fold]
        case .several(let folds): folds
        case .allFolds: (0..<splitCount).map(FoldName.number)
        }
    }
}
