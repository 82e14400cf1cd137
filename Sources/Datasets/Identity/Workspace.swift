/// The three root folders of nnU-Net's world: raw datasets, preprocessed datasets, results.
public struct Workspace: Sendable, Equatable {
    public var raw: String?
    public var preprocessed: String?
    public var results: String?

    public init(raw: String?, preprocessed: String?, results: String?) {
        self.raw = raw
        self.preprocessed = preprocessed
        self.results = results
    }

    /// The roots that `nnUNet_raw`, `nnUNet_preprocessed` and `nnUNet_results` name, unless an argument overrides one.
    public init(
        environment: [String: String], raw: String? = nil, preprocessed: String? = nil, results: String? = nil
    ) {
        func root(_ override: String?, _ variable: String) -> String? {
            guard let path = override ?? environment[variable], !path.isEmpty else { return nil }
            return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        }
        self.init(
            raw: root(raw, "nnUNet_raw"), preprocessed: root(preprocessed, "nnUNet_preprocessed"),
            results: root(results, "nnUNet_results"))
    }

    public func rawRoot() throws(DatasetError) -> String {
        guard let raw else { throw .rootMissing(variable: "nnUNet_raw", option: "--raw") }
        return raw
    }

    public func preprocessedRoot() throws(DatasetError) -> String {
        guard let preprocessed else { throw .rootMissing(variable: "nnUNet_preprocessed", option: "--preprocessed") }
        return preprocessed
    }

    public func resultsRoot() throws(DatasetError) -> String {
        guard let results else { throw .rootMissing(variable: "nnUNet_results", option: "--results") }
        return results
    }

    /// `$nnUNet_raw/DatasetXXX_Name`.
    public func rawFolder(of dataset: DatasetName) throws(DatasetError) -> String { try rawRoot() + "/" + dataset.name }

    /// `$nnUNet_preprocessed/DatasetXXX_Name`.
    public func preprocessedFolder(of dataset: DatasetName) throws(DatasetError) -> String {
        try preprocessedRoot() + "/" + dataset.name
    }

    /// `$nnUNet_results/DatasetXXX_Name`.
    public func resultsFolder(of dataset: DatasetName) throws(DatasetError) -> String {
        try resultsRoot() + "/" + dataset.name
    }

    /// `$nnUNet_results/DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION`, the folder of a model and its folds.
    public func modelFolder(
        of dataset: DatasetName, trainer: String, plans: String, configuration: String
    ) throws(DatasetError) -> String {
        try resultsFolder(of: dataset) + "/\(trainer)__\(plans)__\(configuration)"
    }

    /// The roots that are known, raw first.
    var knownRoots: [String] { [raw, preprocessed, results].compactMap(\.self) }
}
