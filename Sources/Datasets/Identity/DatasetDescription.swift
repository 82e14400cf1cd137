import Documents

/// What `dataset.json` says: channels, labels, file ending, number of cases.
public struct DatasetDescription: Sendable {
    /// The path it was read from, for messages.
    public let path: String
    /// The whole document; unknown keys survive.
    public let json: JSONValue
    /// Names of the channels by number; a name picks the normalization (`CT`, `noNorm`…).
    public let channelNames: [String]
    /// Label names and their values in the document's order, `background` and `ignore` included. A value with several
    /// entries is a region.
    public let labels: [(name: String, values: [Int])]
    /// `numTraining`.
    public let trainingCaseCount: Int
    /// With its dot, e.g. `.nii.gz`.
    public let fileEnding: String
    public let labelManager: LabelManager
    /// The document says `modality` instead of `channel_names`.
    public let usesOldChannelKey: Bool

    /// Reads a dataset.json.
    ///
    /// - Throws: ``DatasetError/document(path:problems:)`` with every problem of the document.
    public init(contentsOf path: String) throws(DatasetError) {
        let json = try DatasetError.readDocument(path, remedy: "every raw dataset needs a dataset.json in its folder")
        try self.init(json: json, path: path)
    }

    /// Understands a dataset.json that was read from `path`.
    public init(json: JSONValue, path: String) throws(DatasetError) {
        guard let object = json.object else {
            throw .document(path: path, problems: ["it must be a JSON object, { … }"])
        }
        var problems: [String] = []
        self.path = path
        self.json = json
        usesOldChannelKey = object["channel_names"] == nil && object["modality"] != nil
        channelNames = Self.channelNames(of: object, &problems)
        labels = Self.labels(of: object, &problems)
        labelManager = Self.labelManager(of: labels, object, &problems)
        trainingCaseCount =
            Self.required(object, "numTraining", "the number of training cases", &problems) { value in
                value.integer.flatMap { $0 > 0 ? $0 : nil }
            } ?? 0
        fileEnding =
            Self.required(object, "file_ending", "a text that starts with a dot, like \".nii.gz\"", &problems) {
                $0.string.flatMap { $0.hasPrefix(".") && $0.count > 1 ? $0 : nil }
            } ?? ".nii.gz"
        if !problems.isEmpty { throw .document(path: path, problems: problems) }
    }

    /// The label names in the order of the network's outputs: background first, or the regions.
    public var outputNames: [String] {
        if labelManager.hasRegions {
            return labels.filter { $0.name != "ignore" && $0.values != [0] }.map(\.name)
        }
        return labelManager.allLabels.map { value in labels.first { $0.values == [value] }?.name ?? String(value) }
    }

    private static func required<Value>(
        _ object: JSONObject, _ key: String, _ rule: String, _ problems: inout [String], _ read: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = object[key] else {
            problems.append("the key \"\(key)\" is missing; it must be \(rule)")
            return nil
        }
        if let result = read(value) { return result }
        problems.append("\"\(key)\" is \(value.text()); it must be \(rule)")
        return nil
    }

    private static func channelNames(of object: JSONObject, _ problems: inout [String]) -> [String] {
        let key = object["channel_names"] == nil && object["modality"] != nil ? "modality" : "channel_names"
        let rule = "an object that names the channels by number, like {\"0\": \"CT\"}"
        return required(object, key, rule, &problems) { value in
            guard let channels = value.object, channels.count > 0 else { return nil }
            var names: [String] = []
            for number in 0..<channels.count {
                guard let name = channels[String(number)]?.string else { return nil }
                names.append(name)
            }
            return names
        } ?? []
    }

    /// What 16 bits hold, as in the label files.
    private static let allowedLabels = 0...65535

    private static func labels(
        of object: JSONObject, _ problems: inout [String]
    ) -> [(name: String, values: [Int])] {
        let rule = "an object of names and values, like {\"background\": 0, \"liver\": 1}"
        guard
            let members = required(object, "labels", rule, &problems, { $0.object.flatMap { $0.count > 0 ? $0 : nil } })
        else { return [] }
        var labels: [(name: String, values: [Int])] = []
        for (name, value) in members.members {
            if let single = value.integer, allowedLabels.contains(single) {
                labels.append((name, [single]))
            } else if let several = value.integers, !several.isEmpty, several.allSatisfy(allowedLabels.contains) {
                labels.append((name, several))
            } else if name.utf8.allSatisfy({ (48...57).contains($0) }), value.string != nil {
                problems.append(
                    "the label \"\(name)\": \(value.text()) stands the old way round; write \(value.text()): \(name)")
            } else {
                problems.append(
                    "the value of label \"\(name)\" is \(value.text()); it must be an integer from 0 to "
                        + "\(allowedLabels.upperBound), or a list of such integers for a region")
            }
        }
        return labels
    }

    private static func labelManager(
        of labels: [(name: String, values: [Int])], _ object: JSONObject, _ problems: inout [String]
    ) -> LabelManager {
        let ignore = labels.first { $0.name == "ignore" }
        let classes = labels.filter { $0.name != "ignore" }
        let allLabels = Set(classes.flatMap(\.values)).sorted()
        if !labels.isEmpty {
            if classes.first(where: { $0.name == "background" })?.values != [0] {
                problems.append("\"labels\" must contain \"background\": 0")
            }
            if allLabels != Array(0..<allLabels.count) {
                problems.append(
                    "the label values are \(allLabels); they must run 0, 1, 2, … without a gap: renumber them here and "
                        + "in the label files")
            }
            if let ignore, ignore.values != [(allLabels.last ?? 0) + 1] {
                problems.append(
                    "\"ignore\" is \(ignore.values); it must be the next value after the other labels, "
                        + "\((allLabels.last ?? 0) + 1)")
            }
        }
        let hasRegions = classes.contains { $0.values.count > 1 }
        guard hasRegions else { return LabelManager(allLabels: allLabels, ignoreLabel: ignore?.values.first) }
        let regions = classes.map(\.values).filter { $0 != [0] }
        let order = object["regions_class_order"]?.integers
        if order?.count != regions.count {
            problems.append(
                "\"regions_class_order\" is \(object["regions_class_order"]?.text() ?? "missing"); with regions it "
                    + "must list one label per region, \(regions.count) in all, in the order of \"labels\"")
        }
        return LabelManager(
            allLabels: allLabels, ignoreLabel: ignore?.values.first, regions: regions, regionsClassOrder: order ?? [])
    }
}
