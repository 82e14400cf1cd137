import Documents
import Volumes

extension Configuration {
    /// Understands one resolved configuration.
    ///
    /// - Parameter path: the plans file, for messages.
    /// - Throws: ``DatasetError/document(path:problems:)`` with every missing or impossible value.
    init(name: String, json: JSONValue, path: String) throws(DatasetError) {
        var reader = PlanReader(json: json, place: "configuration \"\(name)\"")
        self.name = name
        plansPath = path
        self.json = json
        dataIdentifier = reader.value("data_identifier", "a text", \.string) ?? ""
        batchSize = reader.value("batch_size", "an integer from 1 on") { $0.integer.flatMap { $0 > 0 ? $0 : nil } } ?? 1
        patchSize =
            reader.value("patch_size", "2 or 3 integers from 1 on") { value in
                value.integers.flatMap { (2...3).contains($0.count) && $0.allSatisfy { $0 > 0 } ? $0 : nil }
            } ?? [1, 1, 1]
        let axisCount = patchSize.count
        spacing =
            reader.value("spacing", "\(axisCount) numbers above 0") { value in
                value.numbers.flatMap { $0.count == axisCount && $0.allSatisfy { $0 > 0 } ? $0 : nil }
            } ?? Array(repeating: 1, count: axisCount)
        medianShape = json["median_image_size_in_voxels"]?.numbers ?? patchSize.map(Double.init)
        normalizationSchemes =
            reader.value(
                "normalization_schemes",
                "a list of \(NormalizationScheme.allCases.map(\.rawValue).joined(separator: ", "))"
            ) { value in
                let schemes = value.strings?.map { NormalizationScheme(rawValue: $0) }
                return schemes?.contains(nil) == false ? schemes?.compactMap(\.self) : nil
            } ?? []
        let channelCount = normalizationSchemes.count
        useMaskForNorm =
            reader.value("use_mask_for_norm", "\(channelCount) times true or false, one per channel") { value in
                let flags = value.array?.compactMap(\.bool)
                return flags?.count == channelCount ? flags : nil
            } ?? Array(repeating: false, count: channelCount)
        imageResampling = reader.resampling("resampling_fn_data", fallback: ResamplingRule(order: .cubic))
        labelResampling = reader.resampling("resampling_fn_seg", fallback: ResamplingRule(order: .linear))
        probabilityResampling = reader.resampling(
            "resampling_fn_probabilities", fallback: ResamplingRule(order: .linear))
        batchDice = json["batch_dice"]?.bool ?? false
        architecture = reader.architecture(axisCount: axisCount)
        previousConfiguration = json["previous_stage"]?.string
        if !reader.problems.isEmpty { throw .document(path: path, problems: reader.problems) }
    }
}

/// Reads values of plans and collects what is wrong with them.
struct PlanReader {
    let json: JSONValue
    let place: String
    var problems: [String] = []

    init(json: JSONValue, place: String) {
        self.json = json
        self.place = place
    }

    mutating func value<Value>(_ key: String, _ rule: String, _ read: (JSONValue) -> Value?) -> Value? {
        value(key, of: json, rule, read)
    }

    mutating func value<Value>(
        _ key: String, of object: JSONValue, _ rule: String, _ read: (JSONValue) -> Value?
    ) -> Value? {
        guard let found = object[key] else {
            problems.append("\(place): the key \"\(key)\" is missing; it must be \(rule)")
            return nil
        }
        if let result = read(found) { return result }
        problems.append("\(place): \"\(key)\" is \(found.text()); it must be \(rule)")
        return nil
    }

    mutating func resampling(_ key: String, fallback: ResamplingRule) -> ResamplingRule {
        let function = json[key]?.string ?? "resample_data_or_seg_to_shape"
        if function != "resample_data_or_seg_to_shape" {
            problems.append(
                "\(place): \"\(key)\" is \"\(function)\"; only \"resample_data_or_seg_to_shape\" is known here")
        }
        guard let arguments = json[key + "_kwargs"] else { return fallback }
        var rule = fallback
        rule.order = interpolation("order", of: arguments, key: key, fallback.order)
        rule.orderZ = interpolation("order_z", of: arguments, key: key, fallback.orderZ)
        rule.forceSeparateZ = arguments["force_separate_z"]?.bool
        return rule
    }

    private mutating func interpolation(
        _ name: String, of arguments: JSONValue, key: String, _ fallback: Interpolation
    ) -> Interpolation {
        guard let value = arguments[name] else { return fallback }
        let isLabels = key == "resampling_fn_seg"
        if let order = value.integer.flatMap({ Interpolation(rawValue: $0) }), !(isLabels && order == .cubic) {
            return order
        }
        problems.append(
            "\(place): \"\(name)\" in \"\(key)_kwargs\" is \(value.text()); it must be "
                + "\(isLabels ? "0 or 1" : "0, 1 or 3")"
        )
        return fallback
    }

    mutating func architecture(axisCount: Int) -> Architecture {
        let description = json["architecture"] ?? PlanReader.architectureOfOldPlans(json)
        let arguments = description["arch_kwargs"] ?? .object([:])
        let levels =
            value("strides", of: arguments, "a list of \(axisCount) strides per level") { value in
                value.vectors(of: axisCount).flatMap { $0.isEmpty ? nil : $0 }
            } ?? [Array(repeating: 1, count: axisCount)]
        let count = levels.count
        func counts(_ value: JSONValue, _ wanted: Int) -> [Int]? {
            if let one = value.integer, one > 0 { return Array(repeating: one, count: wanted) }
            return value.integers.flatMap { $0.count == wanted && $0.allSatisfy { $0 > 0 } ? $0 : nil }
        }
        let encoderKey = arguments["n_conv_per_stage"] == nil ? "n_blocks_per_stage" : "n_conv_per_stage"
        return Architecture(
            className: value("network_class_name", of: description, "a text", \.string) ?? "",
            featuresPerLevel: value("features_per_stage", of: arguments, "\(count) integers") { counts($0, count) }
                ?? [],
            kernelSizes: value("kernel_sizes", of: arguments, "\(count) lists of \(axisCount) odd integers") { value in
                value.vectors(of: axisCount).flatMap { sizes in
                    sizes.count == count && sizes.allSatisfy { $0.allSatisfy { $0 % 2 == 1 } } ? sizes : nil
                }
            } ?? [],
            strides: levels,
            convolutionsPerEncoderLevel: value(encoderKey, of: arguments, "\(count) integers") { counts($0, count) }
                ?? [],
            convolutionsPerDecoderLevel: value("n_conv_per_stage_decoder", of: arguments, "\(count - 1) integers") {
                counts($0, count - 1)
            } ?? [],
            convBias: arguments["conv_bias"]?.bool ?? false,
            normEpsilon: arguments["norm_op_kwargs"]?["eps"]?.number ?? 1e-5)
    }

    /// The architecture block of plans that were written before there was one.
    private static func architectureOfOldPlans(_ json: JSONValue) -> JSONValue {
        var arguments = JSONObject()
        let strides = json["pool_op_kernel_sizes"]
        arguments["strides"] = strides
        arguments["kernel_sizes"] = json["conv_kernel_sizes"]
        if let base = json["UNet_base_num_features"]?.integer, let maximum = json["unet_max_num_features"]?.integer,
            let count = strides?.array?.count
        {
            arguments["features_per_stage"] = .integers((0..<count).map { min(base << min($0, 32), maximum) })
        }
        let className = json["UNet_class_name"]?.string ?? "PlainConvUNet"
        arguments[className.hasPrefix("Residual") ? "n_blocks_per_stage" : "n_conv_per_stage"] =
            json["n_conv_per_stage_encoder"]
        arguments["n_conv_per_stage_decoder"] = json["n_conv_per_stage_decoder"]
        arguments["conv_bias"] = true
        arguments["norm_op_kwargs"] = ["eps": 1e-05, "affine": true]
        return [
            "network_class_name": .string("dynamic_network_architectures.architectures.unet." + className),
            "arch_kwargs": .object(arguments),
        ]
    }
}

extension JSONValue {
    /// A list of lists of `count` integers from 1 on.
    fileprivate func vectors(of count: Int) -> [[Int]]? {
        guard let rows = array else { return nil }
        var vectors: [[Int]] = []
        for row in rows {
            guard let vector = row.integers, vector.count == count, vector.allSatisfy({ $0 > 0 }) else { return nil }
            vectors.append(vector)
        }
        return vectors
    }
}
