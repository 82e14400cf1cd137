import Documents

/// `nnUNetPlans.json`: how a dataset is preprocessed and trained. Unknown keys survive reading and writing.
public struct Plans: Sendable, Equatable {
    /// The whole document.
    public let json: JSONValue
    /// The path it was read from, for messages.
    public let path: String
    /// `plans_name`, e.g. `nnUNetPlans`.
    public let name: String
    /// `dataset_name`, e.g. `Dataset004_Hippocampus`.
    public let datasetName: String
    /// Axis of the raw image that becomes each axis: `[D, H, W]` after preprocessing = raw axes in this order.
    public let transposeForward: [Int]
    /// The inverse permutation.
    public let transposeBackward: [Int]
    /// Statistics of the foreground voxels of each channel over the whole dataset.
    public let intensityProperties: [IntensityProperties]

    /// - Throws: ``DatasetError/document(path:problems:)``.
    public init(contentsOf path: String) throws(DatasetError) {
        let json = try DatasetError.readDocument(
            path, remedy: "run plan-and-preprocess, or check the name of the plans")
        try self.init(json: json, path: path)
    }

    /// Understands a plans document that was read from (or will be written to) `path`.
    public init(json: JSONValue, path: String) throws(DatasetError) {
        var reader = PlanReader(json: json, place: "the plans")
        self.json = json
        self.path = path
        name = reader.value("plans_name", "a text", \.string) ?? ""
        datasetName = reader.value("dataset_name", "a text", \.string) ?? ""
        let forward =
            reader.value("transpose_forward", "a permutation of [0, 1, 2]") { value in
                value.integers.flatMap { $0.sorted() == [0, 1, 2] ? $0 : nil }
            } ?? [0, 1, 2]
        transposeForward = forward
        transposeBackward = [0, 1, 2].map { forward.firstIndex(of: $0) ?? $0 }
        let properties =
            json["foreground_intensity_properties_per_channel"] ?? json["foreground_intensity_properties_by_modality"]
        intensityProperties = IntensityProperties.list(from: properties)
        _ = reader.value("configurations", "an object of configurations") { $0.object }
        if !reader.problems.isEmpty { throw .document(path: path, problems: reader.problems) }
    }

    /// SHA-256 over the document with sorted keys: equal plans have equal hashes, however they were written.
    public var sha256: String { SHA256.digest(of: Array(json.text(sortedKeys: true).utf8)) }

    /// Names of the configurations, in the document's order.
    public var configurationNames: [String] { json["configurations"]?.object?.keys ?? [] }

    /// The configuration with what it inherits from others.
    ///
    /// - Throws: ``DatasetError`` when there is none of that name, when inheritance runs in a circle, and when a value
    ///   is missing or impossible.
    public func configuration(named name: String) throws(DatasetError) -> Configuration {
        let resolved = try resolve(name, visited: [])
        return try Configuration(name: name, json: .object(resolved), path: path)
    }

    private func resolve(_ name: String, visited: [String]) throws(DatasetError) -> JSONObject {
        guard !visited.contains(name) else {
            let circle = (visited + [name]).joined(separator: " → ")
            throw .document(path: path, problems: ["\"inherits_from\" runs in a circle: \(circle)"])
        }
        guard let own = json["configurations"]?[name]?.object else {
            let known = configurationNames.joined(separator: ", ")
            let asked = visited.last.map { ", which \"\($0)\" inherits from" } ?? ""
            throw .document(
                path: path, problems: ["there is no configuration \"\(name)\"\(asked); there are: \(known)"])
        }
        guard let parent = own["inherits_from"]?.string else { return own }
        var merged = try resolve(parent, visited: visited + [name])
        for (key, value) in own.members where key != "inherits_from" { merged[key] = value }
        return merged
    }

    /// Writes the document as nnU-Net does.
    public func write(to path: String) throws(DatasetError) {
        try DatasetError.wrappingFiles { () throws(FileError) in
            try FileAccess.replace(path, with: json.text(indent: 4))
        }
    }
}
