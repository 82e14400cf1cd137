/// A fold of the cross-validation: a number from 0 on, or all cases.
public enum FoldName: Sendable, Hashable, CustomStringConvertible {
    case number(Int)
    /// Training and validation on every case.
    case all

    /// - Throws: ``DatasetError`` for anything but a number ≥ 0 and `all`.
    public init(parsing text: String) throws(DatasetError) {
        if text == "all" {
            self = .all
        } else if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) {
            self = .number(number)
        } else {
            throw .notAFold(text)
        }
    }

    public var description: String {
        switch self {
        case .number(let number): String(number)
        case .all: "all"
        }
    }

    /// `fold_0` or `fold_all`.
    public var folderName: String { "fold_\(self)" }
}
