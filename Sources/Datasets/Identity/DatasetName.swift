import Documents

/// The name of a dataset's folder: `Dataset`, three digits, `_`, a name.
public struct DatasetName: Sendable, Hashable, CustomStringConvertible {
    public let id: Int
    /// The full name, e.g. `Dataset004_Hippocampus`.
    public let name: String

    public var description: String { name }

    /// Takes a full name apart; nil if it is not one.
    public init?(fullName: String) {
        guard fullName.hasPrefix("Dataset") else { return nil }
        let parts = fullName.dropFirst(7).split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count >= 3, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let id = Int(parts[0]), !parts[1].isEmpty, !fullName.contains("/")
        else { return nil }
        self.id = id
        self.name = fullName
    }

    /// The name that a new dataset gets; nil if the number or the name cannot stand in a folder's name.
    public init?(id: Int, shortName: String) {
        guard id >= 0 else { return nil }
        let digits = String(id)
        self.init(
            fullName: "Dataset" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits + "_" + shortName)
    }

    /// Finds a dataset by its number or full name under the roots that are known.
    ///
    /// - Throws: ``DatasetError`` when no root is known, when no folder fits, when the number belongs to two names.
    public static func resolve(_ text: String, in workspace: Workspace) throws(DatasetError) -> DatasetName {
        let roots = workspace.knownRoots
        guard !roots.isEmpty else { throw .rootMissing(variable: "nnUNet_raw", option: "--raw") }
        let wanted = DatasetName(fullName: text)
        let number = text.utf8.allSatisfy({ (48...57).contains($0) }) ? Int(text) : nil
        guard wanted != nil || number != nil else { throw .notADatasetName(text) }
        let available = all(in: workspace)
        if let wanted, available.contains(wanted) { return wanted }
        if let number {
            let names = available.filter { $0.id == number }
            if names.count > 1 { throw .ambiguousDataset(id: number, names: names.map(\.name)) }
            if let name = names.first { return name }
        }
        throw .datasetNotFound(text, searched: roots, available: available.map(\.name))
    }

    /// Every dataset under the roots that are known, by name; unreadable roots count as empty.
    public static func all(in workspace: Workspace) -> [DatasetName] {
        var names: Set<DatasetName> = []
        for root in workspace.knownRoots {
            for entry in (try? FileAccess.list(root)) ?? [] where FileAccess.isFolder(root + "/" + entry) {
                if let name = DatasetName(fullName: entry) { names.insert(name) }
            }
        }
        return names.sorted { $0.name < $1.name }
    }
}
