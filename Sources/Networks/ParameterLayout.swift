/// Every parameter of a network once, in one flat float32 buffer: names and shapes are those of nnU-Net's state dict.
///
/// Weights, gradients, momentum, checkpoints and the all-reduce share this layout. Convolutions are
/// `[out, in, kD, kH, kW]`, transposed convolutions `[in, out, kD, kH, kW]`.
public struct ParameterLayout: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        case convolutionWeight, convolutionBias, normScale, normShift, transposedWeight, transposedBias, headWeight,
            headBias
        /// The scale of the norm at the end of a residual block.
        case lastNormScale
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
