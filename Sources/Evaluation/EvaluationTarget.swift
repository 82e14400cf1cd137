/// What a score belongs to: one label, or a region made of several labels.
public enum EvaluationTarget: Sendable, Hashable {
    /// All voxels of one label.
    case label(Int)
    /// All voxels of any of these labels.
    case region([Int])

    /// The labels that make up the target.
    public var labels: [Int] {
        switch self {
        case .label(let label): [label]
        case .region(let labels): labels
        }
    }

    /// The name in `summary.json`: `1` for a label, `(1, 2, 3)` or `(1,)` for a region, as Python writes a tuple.
    public var key: String {
        switch self {
        case .label(let label): "\(label)"
        case .region(let labels) where labels.count == 1: "(\(labels[0]),)"
        case .region(let labels): "(" + labels.map(String.init).joined(separator: ", ") + ")"
        }
    }

    /// Reads a name of `summary.json`; nil for anything that ``key`` does not write.
    public init?(key: String) {
        if let label = Int(key) {
            self = .label(label)
            return
        }
        guard key.hasPrefix("("), key.hasSuffix(")") else { return nil }
        let parts = key.dropFirst().dropLast().split(separator: ",")
        let labels = parts.compactMap { Int($0.drop(while: { $0 == " " })) }
        guard !labels.isEmpty, labels.count == parts.count else { return nil }
        self = .region(labels)
    }
}
