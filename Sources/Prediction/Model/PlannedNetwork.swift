import Datasets
import Documents

/// What plans may ask of a network: a 3D PlainConvUNet or ResidualEncoderUNet of the layers that nnU-Net's planners
/// write. Whatever else they say is refused, because it would be passed over otherwise.
enum PlannedNetwork {
    static let plainClass = "PlainConvUNet"
    /// Old plans have it in the module `residual_unet`.
    static let residualClass = "ResidualEncoderUNet"

    /// The first value that the network here does not have, with its rule; nil if there is none.
    static func unsupported(in configuration: Configuration) -> String? {
        if let reason = bounds(configuration) ?? configuration.reasonAgainstTraining { return reason }
        let architecture = configuration.architecture
        guard [plainClass, residualClass].contains(architecture.shortClassName) else {
            return "its network is \(architecture.className), but must be \(plainClass) or \(residualClass)"
        }
        // Plans from before there was an architecture block mean the usual layers.
        if let block = configuration.json["architecture"] {
            let arguments = block["arch_kwargs"] ?? .null
            if let reason = layers(arguments) ?? blocks(arguments, architecture) { return reason }
        }
        return levels(architecture.strides) ?? patch(configuration.patchSize, architecture.strides)
    }

    /// Plans come from a file, so their numbers are bounded before anything is multiplied or counted up to. Many times
    /// what a planner writes.
    private static func bounds(_ configuration: Configuration) -> String? {
        let architecture = configuration.architecture
        let convolutions = architecture.convolutionsPerEncoderLevel + architecture.convolutionsPerDecoderLevel
        let bounds = [
            ("its number of resolution levels", [architecture.levelCount], 16),
            ("the number of convolutions or blocks of a level", convolutions, 64),
            ("the number of features of a level", architecture.featuresPerLevel, 4096),
            ("the extent of a kernel", architecture.kernelSizes.flatMap(\.self), 15),
            ("the extent of its patch", configuration.patchSize, 4096),
        ]
        for (what, values, largest) in bounds {
            if let value = values.first(where: { $0 > largest }) {
                return "\(what) is \(value), but must be \(largest) or less"
            }
        }
        return nil
    }

    private static func layers(_ arguments: JSONValue) -> String? {
        for (key, layer) in [("conv_op", "Conv3d"), ("norm_op", "InstanceNorm3d"), ("nonlin", "LeakyReLU")] {
            guard let name = arguments[key]?.string?.split(separator: "."), name.last.map(String.init) == layer else {
                return "\(key) is \(text(arguments[key])), but must be \(layer)"
            }
        }
        let norm = arguments["norm_op_kwargs"] ?? .null
        guard norm["affine"]?.bool == true else {
            return "affine in norm_op_kwargs is \(text(norm["affine"])), but must be true"
        }
        if let statistics = norm["track_running_stats"], statistics.bool != false {
            return "track_running_stats in norm_op_kwargs is \(text(statistics)), but must be false"
        }
        if let dropout = arguments["dropout_op"], !dropout.isNull {
            return "dropout_op is \(text(dropout)), but must be null"
        }
        if let slope = arguments["nonlin_kwargs"]?["negative_slope"], slope.number != 0.01 {
            return "negative_slope in nonlin_kwargs is \(text(slope)), but must be 0.01"
        }
        return nil
    }

    /// What the classes take beyond the layers.
    private static func blocks(_ arguments: JSONValue, _ architecture: Architecture) -> String? {
        if let first = arguments["nonlin_first"], first.bool != false {
            return "nonlin_first is \(text(first)), but must be false"
        }
        if let block = arguments["block"], !block.isNull,
            block.string?.split(separator: ".").last.map(String.init) != "BasicBlockD"
        {
            return "block is \(text(block)), but must be BasicBlockD"
        }
        if let channels = arguments["bottleneck_channels"], !channels.isNull {
            return "bottleneck_channels is \(text(channels)), but must be null"
        }
        if let channels = arguments["stem_channels"], !channels.isNull,
            channels.integer != architecture.featuresPerLevel.first
        {
            return "stem_channels is \(text(channels)), but must be null or the features of the first level"
        }
        return nil
    }

    private static func levels(_ strides: [[Int]]) -> String? {
        guard strides.count >= 2 else { return "it has 1 resolution level, but must have 2 or more" }
        guard strides[0].allSatisfy({ $0 == 1 }) else {
            return "the stride of its first level is \(strides[0]), but must be 1 along every axis"
        }
        let wrong = strides.enumerated().first { !$1.allSatisfy((1...2).contains) }
        return wrong.map { "the stride of its level \($0 + 1) is \($1), but must be 1 or 2 along every axis" }
    }

    private static func patch(_ size: [Int], _ strides: [[Int]]) -> String? {
        let divisors = strides.reduce([1, 1, 1]) { product, stride in zip(product, stride).map { $0 * $1 } }
        guard zip(size, divisors).contains(where: { $0 % $1 != 0 }) else { return nil }
        return "its patch is \(size), but must be divisible by the product of its strides, \(divisors)"
    }

    private static func text(_ value: JSONValue?) -> String { value?.text() ?? "missing" }
}
