/// Why the best model of a dataset cannot be found.
public enum SelectionError: Error, CustomStringConvertible {
    case noCandidates(notes: [String])
    case notTrained(folder: String, known: [String])
    case nothingScored(identifiers: [String])

    public var description: String {
        switch self {
        case .noCandidates(let notes):
            "there is no model to choose from: \(notes.joined(separator: "; ")); choose with -c and -p"
        case .notTrained(let folder, let known):
            "there is no trained model in \(folder), but its configuration is planned: train it, or name with -tr, -p "
                + "and -c what was trained"
                + (known.isEmpty ? "" : " (there are \(known.joined(separator: ", ")))")
        case .nothingScored(let identifiers):
            "no model has a mean Dice (\(identifiers.joined(separator: ", "))): one class or region occurs in no case at "
                + "all, neither in the truth nor in a prediction; take it out of dataset.json, or choose by the classes' "
                + "own scores in the summary.json files"
        }
    }
}
