import Documents

/// Statistics of one channel's foreground intensities over a dataset.
public struct IntensityProperties: Sendable, Equatable {
    public var mean: Double
    public var median: Double
    public var std: Double
    public var min: Double
    public var max: Double
    public var percentile995: Double
    public var percentile005: Double

    public init(
        mean: Double, median: Double, std: Double, min: Double, max: Double, percentile995: Double,
        percentile005: Double
    ) {
        self.mean = mean
        self.median = median
        self.std = std
        self.min = min
        self.max = max
        self.percentile995 = percentile995
        self.percentile005 = percentile005
    }

    init?(json: JSONValue) {
        guard let mean = json["mean"]?.number, let std = json["std"]?.number else { return nil }
        let low = json["percentile_00_5"]?.number
        let high = json["percentile_99_5"]?.number
        self.init(
            mean: mean, median: json["median"]?.number ?? mean, std: std, min: json["min"]?.number ?? -.infinity,
            max: json["max"]?.number ?? .infinity, percentile995: high ?? .infinity, percentile005: low ?? -.infinity)
    }

    /// Reads the object that names the channels by number; empty where it is absent or malformed.
    static func list(from json: JSONValue?) -> [IntensityProperties] {
        guard let object = json?.object else { return [] }
        var list: [IntensityProperties] = []
        while let entry = object[String(list.count)], let properties = IntensityProperties(json: entry) {
            list.append(properties)
        }
        return list
    }

    /// The object of `foreground_intensity_properties_per_channel`, keys in nnU-Net's sorted order.
    static func json(of list: [IntensityProperties]) -> JSONValue {
        var object = JSONObject()
        for (channel, entry) in list.enumerated() {
            object[String(channel)] = [
                "max": .real(entry.max), "mean": .real(entry.mean), "median": .real(entry.median),
                "min": .real(entry.min), "percentile_00_5": .real(entry.percentile005),
                "percentile_99_5": .real(entry.percentile995), "std": .real(entry.std),
            ]
        }
        return .object(object)
    }
}
