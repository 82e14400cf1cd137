import Documents

/// What planning needs to know about a dataset: `dataset_fingerprint.json`.
public struct Fingerprint: Sendable, Equatable {
    /// Spacing of every case in the raw axis order `[D, H, W]`, cases sorted by identifier.
    public let spacings: [[Double]]
    /// Shape of every case after the crop to non-zero voxels.
    public let shapesAfterCrop: [[Int]]
    /// One per channel.
    public let intensityProperties: [IntensityProperties]
    /// Median over cases of the share of voxels that the crop keeps.
    public let medianRelativeSize: Double

    public init(
        spacings: [[Double]], shapesAfterCrop: [[Int]], intensityProperties: [IntensityProperties],
        medianRelativeSize: Double
    ) {
        self.spacings = spacings
        self.shapesAfterCrop = shapesAfterCrop
        self.intensityProperties = intensityProperties
        self.medianRelativeSize = medianRelativeSize
    }

    /// - Throws: ``DatasetError/document(path:problems:)``.
    public init(contentsOf path: String) throws(DatasetError) {
        let json = try DatasetError.readDocument(path, remedy: "run plan-and-preprocess --clean, which makes it anew")
        let spacings = json["spacings"]?.array?.compactMap(\.numbers) ?? []
        let shapes = json["shapes_after_crop"]?.array?.compactMap(\.integers) ?? []
        let properties = IntensityProperties.list(
            from: json["foreground_intensity_properties_per_channel"]
                ?? json["foreground_intensity_properties_by_modality"])
        guard !spacings.isEmpty, spacings.count == shapes.count, spacings.allSatisfy({ $0.count == 3 }),
            shapes.allSatisfy({ $0.count == 3 }), !properties.isEmpty,
            let size = json["median_relative_size_after_cropping"]?.number
        else {
            throw .document(
                path: path,
                problems: [
                    "it is no fingerprint (spacings, shapes_after_crop, intensities and "
                        + "median_relative_size_after_cropping must fit each other); run plan-and-preprocess --clean"
                ])
        }
        self.init(
            spacings: spacings, shapesAfterCrop: shapes, intensityProperties: properties, medianRelativeSize: size)
    }

    /// The document, keys in the alphabetical order in which nnU-Net writes them.
    public var json: JSONValue {
        [
            "foreground_intensity_properties_per_channel": IntensityProperties.json(of: intensityProperties),
            "median_relative_size_after_cropping": .real(medianRelativeSize),
            "shapes_after_crop": .array(shapesAfterCrop.map { .integers($0) }),
            "spacings": .array(spacings.map { .reals($0) }),
        ]
    }

    public func write(to path: String) throws(DatasetError) {
        try DatasetError.wrappingFiles { () throws(FileError) in
            try FileAccess.replace(path, with: json.text(indent: 4))
        }
    }
}
