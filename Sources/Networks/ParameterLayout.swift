/// Every parameter of a network once, in one flat float32 buffer: names and shapes are those of nnU-Net's state dict.
///
/// Weights, gradients, momentum, checkpoints and the all-reduce share this layout. Convolutions are
/// `[out, in, kD, kH, kW]`, transposed convolutions `[in, out, kD, kH, kW]`.
public struct ParameterLayout: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        case convolutionWeight, convolutionBias, normScale, normShift, transposedWeight, transposedBias, headWeight,
            headBias
    }

    public struct Entry: Sendable, Equatable {
        public let name: String
        public let role: Role
        public let shape: [Int]
        /// First element in the flat buffer.
        public let offset: Int
        public var count: Int { shape.reduce(1, *) }
        public var range: Range<Int> { offset..<offset + count }
    }

    /// In the order of PyTorch's `network.parameters()`: encoder, decoder convolutions, transposed convolutions, heads.
    public private(set) var entries: [Entry] = []
    /// Scalars in the flat buffer.
    public private(set) var scalarCount = 0
    private var places: [String: Int] = [:]

    public init() {}

    public subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

    mutating func append(_ name: String, _ role: Role, _ shape: [Int]) {
        precondition(places[name] == nil, "the parameter \(name) stands twice")
        places[name] = entries.count
        entries.append(Entry(name: name, role: role, shape: shape, offset: scalarCount))
        scalarCount += shape.reduce(1, *)
    }
}

extension UNetArchitecture {
    /// The parameters of this network, the first names of nnU-Net's state dict (aliases left out).
    public var parameterLayout: ParameterLayout {
        var layout = ParameterLayout()
        func block(_ prefix: String, _ input: Int, _ output: Int, _ kernel: [Int]) {
            layout.append(prefix + ".conv.weight", .convolutionWeight, [output, input] + kernel)
            layout.append(prefix + ".conv.bias", .convolutionBias, [output])
            layout.append(prefix + ".norm.weight", .normScale, [output])
            layout.append(prefix + ".norm.bias", .normShift, [output])
        }
        for level in 0..<levelCount {
            for i in 0..<encoderConvolutionCounts[level] {
                let input = i > 0 ? features[level] : level > 0 ? features[level - 1] : inputChannelCount
                block("encoder.stages.\(level).0.convs.\(i)", input, features[level], kernelSizes[level])
            }
        }
        for d in 0..<levelCount - 1 {
            let level = levelCount - 2 - d
            for i in 0..<decoderConvolutionCounts[d] {
                block(
                    "decoder.stages.\(d).convs.\(i)", i > 0 ? features[level] : 2 * features[level], features[level],
                    kernelSizes[level])
            }
        }
        for d in 0..<levelCount - 1 {
            let level = levelCount - 2 - d
            layout.append(
                "decoder.transpconvs.\(d).weight", .transposedWeight,
                [features[level + 1], features[level]] + strides[level + 1])
            layout.append("decoder.transpconvs.\(d).bias", .transposedBias, [features[level]])
        }
        for d in 0..<levelCount - 1 {
            let level = levelCount - 2 - d
            layout.append("decoder.seg_layers.\(d).weight", .headWeight, [headCount, features[level], 1, 1, 1])
            layout.append("decoder.seg_layers.\(d).bias", .headBias, [headCount])
        }
        return layout
    }
}
