import Documents

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

    private static let folderPrefix = "fold_"

    /// `fold_0` or `fold_all`.
    public var folderName: String { Self.folderPrefix + description }

    /// The fold of a ``folderName``; nil for other folders.
    public init?(folderName: String) {
        guard folderName.hasPrefix(Self.folderPrefix),
            let fold = try? FoldName(parsing: String(folderName.dropFirst(Self.folderPrefix.count))),
            fold.folderName == folderName
        else { return nil }
        self = fold
    }

    /// Folds that have a folder in a model's folder, in the order of their names.
    ///
    /// - Throws: `FileError` when the folder cannot be listed.
    public static func all(in modelFolder: String) throws(FileError) -> [FoldName] {
        try FileAccess.list(modelFolder).compactMap { FoldName(folderName: $0) }
    }
}
