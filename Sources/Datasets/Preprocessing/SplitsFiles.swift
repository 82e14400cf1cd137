import Documents

/// The places where a `splits_final.json` may lie.
struct SplitsFiles {
    /// Folder of the raw dataset, where a user may put one.
    let raw: String
    /// Folder of the preprocessed dataset, where training looks for it.
    let preprocessed: String

    /// The user's folds if there are any, those of an earlier run if they fit, else new ones.
    ///
    /// - Throws: ``DatasetError`` when both files exist and differ, when one names unknown cases, and when there are
    /// too
    ///   few cases for new folds.
    func load(identifiers: [String]) throws(DatasetError) -> Splits {
        let name = "/splits_final.json"
        let own = FileAccess.exists(raw + name) ? try Splits(contentsOf: raw + name, identifiers: identifiers) : nil
        guard FileAccess.exists(preprocessed + name) else {
            if let own { return own }
            return try Splits(identifiers: identifiers)
        }
        let earlier: Splits
        do throws(DatasetError) {
            earlier = try Splits(contentsOf: preprocessed + name, identifiers: identifiers)
        } catch {
            throw .split(
                "\(error.description)\nif the file belongs to an older state of the dataset, delete it and run again")
        }
        if let own, own != earlier {
            throw .split(
                "\(raw + name) and \(preprocessed + name) differ: delete the one that is not wanted, so that folds "
                    + "that were already trained are not mixed up")
        }
        return earlier
    }
}
