import Documents
import Foundation

/// What preprocessed cases depend on, as one text: cases with equal signatures are equal.
enum PreprocessingSignature {
    /// How label maps are resampled; cases made by an earlier rule are made anew.
    private static let labelRule = "the label of the largest share"

    /// - Returns: SHA-256 over the relevant part of the plans, the labels, and name, size and time of every raw file.
    static func make(dataset: RawDataset, plans: Plans, configuration: Configuration) -> String {
        var parts: [JSONValue] = [
            .integer(CaseStore.formatVersion), .string(labelRule), .integers(plans.transposeForward),
            plans.json["foreground_intensity_properties_per_channel"] ?? .null,
            dataset.description.json["labels"] ?? .null,
        ]
        for key in PreprocessingRecipe.configurationKeys { parts.append(configuration.json[key] ?? .null) }
        for rawCase in dataset.cases {
            for path in rawCase.imagePaths + [rawCase.labelPath].compactMap(\.self) { parts.append(state(of: path)) }
        }
        return SHA256.digest(of: Array(JSONValue.array(parts).text().utf8))
    }

    private static func state(of path: String) -> JSONValue {
        var information = stat()
        guard stat(path, &information) == 0 else { return .string(path) }
        return .array([
            .string((path as NSString).lastPathComponent), .integer(Int(information.st_size)),
            .integer(Int(information.st_mtim.tv_sec)), .integer(Int(information.st_mtim.tv_nsec)),
        ])
    }
}
