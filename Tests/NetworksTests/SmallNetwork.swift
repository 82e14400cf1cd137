import Kernels
import Networks
import Tensors
import Testing

/// A small network: an uneven patch, a bottleneck of a few voxels, channels that do not fill their blocks.
struct SmallNetwork {
    var architecture = plain
    var patchSize = [4, 8, 16]
    let engine: Engine
    var precision = Precision.fp32

    static let plain = UNetArchitecture(
        inputChannelCount: 2, headCount: 3, features: [12, 16, 32, 40],
        kernelSizes: [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
        strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]], encoderConvolutionCounts: [2, 1, 2, 2],
        decoderConvolutionCounts: [1, 2, 2])

    /// Every kind of skip path: the input itself (also of a skip connection, level 3), pooled (level 2), projected
    /// (level 4, whose input has three consumers), and both (levels 1 and 5).
    static let residual = UNetArchitecture(
        inputChannelCount: 2, headCount: 3, features: [12, 16, 16, 16, 40, 24],
        kernelSizes: [[1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5),
        strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 1, 1], [1, 1, 1], [2, 2, 2]], encoder: .residual,
        encoderConvolutionCounts: [1, 2, 1, 1, 1, 2], decoderConvolutionCounts: [1, 1, 1, 1, 2])

    /// Shift of every norm: at 3, activations are positive and LeakyReLU is a line, whatever is rounded.
    var shift: Float = 0

    var weights: AlignedBuffer<Float> {
        let weights = architecture.initialWeights(seed: 5)
        for entry in architecture.parameterLayout.entries {
            let values = weights.pointer + entry.offset
            if entry.role == .normShift { values.update(repeating: shift, count: entry.count) }
            // At 0 a residual block would be its skip path.
            if entry.role == .lastNormScale { values.update(repeating: 0.75, count: entry.count) }
        }
        return weights
    }
    var imageScalarCount: Int { architecture.inputChannelCount * patchSize.reduce(1, *) }
    var logitScalarCount: Int { architecture.headCount * patchSize.reduce(1, *) }

    func noise(_ count: Int, _ index: Int) -> AlignedBuffer<Float> {
        var stream = RandomStream(seed: 9, purpose: .test, index: index)
        return AlignedBuffer((0..<count).map { _ in stream.normal() })
    }

    func session(
        _ batchSize: Int, _ purpose: SessionPurpose, recomputesFirst: Bool? = nil, profile: StepProfile? = nil
    ) throws -> Session {
        let session = try Session(
            architecture: architecture, batchSize: batchSize, patchSize: patchSize, purpose: purpose, engine: engine,
            precision: precision, recomputesFirst: recomputesFirst, profile: profile)
        session.load(weights: weights)
        return session
    }

    /// The logits of the highest resolution.
    func logits(_ session: Session, _ images: UnsafePointer<Float>) -> [Float] {
        session.forward(images)
        let count = session.batchSize * logitScalarCount
        return Array(UnsafeBufferPointer(start: session.logits(level: 0), count: count))
    }

    /// Forward, then backward of a gradient that is noise at every level.
    func step(_ session: Session, _ images: AlignedBuffer<Float>) -> (logits: [Float], gradient: [Float]) {
        let result = logits(session, images.pointer)
        for (level, size) in session.logitSizes.enumerated() {
            let noise = noise(session.batchSize * architecture.headCount * size.reduce(1, *), 100 + level)
            session.logits(level: level).update(from: noise.pointer, count: noise.count)
        }
        let gradient = AlignedBuffer<Float>(count: weights.count)
        gradient.fill(.nan)
        session.backward(into: gradient.pointer)
        return (result, gradient.array)
    }
}

/// An engine in a precision that it computes in here, and a network.
struct Variant: Sendable, CustomTestStringConvertible {
    let engine: Engine
    let precision: Precision
    let encoder: UNetArchitecture.Encoder

    var testDescription: String { "\(encoder) encoder, \(engine) in \(precision)" }
    var architecture: UNetArchitecture { encoder == .plain ? SmallNetwork.plain : SmallNetwork.residual }
    var network: SmallNetwork { SmallNetwork(architecture: architecture, engine: engine, precision: precision) }

    static let all = [UNetArchitecture.Encoder.plain, .residual].flatMap { encoder in
        Engine.allCases.flatMap { engine in
            engine.precisions.map { Variant(engine: engine, precision: $0, encoder: encoder) }
        }
    }
    static let inFloat32 = all.filter { $0.precision == .fp32 }
}
