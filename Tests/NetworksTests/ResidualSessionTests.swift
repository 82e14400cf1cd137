import Kernels
import Networks
import Tensors
import Testing

@Suite struct ResidualSessionTests {
    /// Logits of a residual network whose blocks end in norms of scale and shift 0: each block is its skip path, so the
    /// weights of its two convolutions count for nothing.
    @Test("at the start a block is its skip path, and only the end of its main path has a gradient")
    func startsAsItsSkipPath() throws {
        let architecture = SmallNetwork.residual
        let network = SmallNetwork(architecture: architecture, engine: .oneDNN)
        let images = network.noise(2 * network.imageScalarCount, 0)
        let weights = architecture.initialWeights(seed: 5)
        let session = try Session(architecture: architecture, batchSize: 2, patchSize: [4, 8, 16], purpose: .training)
        session.load(weights: weights)
        let start = network.step(session, images)
        let inner = architecture.parameterLayout.entries.filter { entry in
            [".conv1.", ".conv2.conv."].contains { entry.name.contains($0) }
        }
        #expect(inner.count == 8 * 6)
        for entry in inner {
            #expect(start.gradient[entry.range].allSatisfy { $0 == 0 }, "\(entry.name)")
            for scalar in entry.range { weights.pointer[scalar] *= 1.5 }
        }
        for entry in architecture.parameterLayout.entries where entry.role == .lastNormScale {
            #expect(start.gradient[entry.range].contains { abs($0) > 1e-6 }, "\(entry.name) would stay 0 for ever")
        }
        session.load(weights: weights)
        #expect(network.logits(session, images.pointer) == start.logits)
    }

    @Test("stages as small as one voxel at the bottleneck", arguments: Variant.all.filter { $0.encoder == .residual })
    func oneVoxelBottleneck(variant: Variant) throws {
        var network = variant.network
        network.patchSize = [4, 8, 8]
        let images = network.noise(3 * network.imageScalarCount, 1)
        let session = try network.session(3, .training)
        session.poison()
        let result = network.step(session, images)
        #expect(result.logits.allSatisfy(\.isFinite) && result.gradient.allSatisfy(\.isFinite))
        // Nothing reaches the weights in front of a norm over one voxel; the skip path goes on.
        let layout = network.architecture.parameterLayout
        for name in ["conv1.conv.weight", "conv2.conv.weight", "conv2.norm.weight", "skip.1.conv.weight"] {
            let entry = try #require(layout["encoder.stages.5.blocks.0." + name])
            #expect(result.gradient[entry.range].allSatisfy { $0 == 0 }, "\(name)")
        }
        let shift = try #require(layout["encoder.stages.5.blocks.0.conv2.norm.bias"])
        #expect(result.gradient[shift.range].contains { $0 != 0 })
    }

    @Test(
        "the arena keeps three results per block, and gradients only while they are needed", arguments: Engine.allCases)
    func arenaSize(engine: Engine) throws {
        // One level of weight: the voxels of the second are 1/64 of its.
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: 2, features: [16, 16], kernelSizes: [[3, 3, 3], [3, 3, 3]],
            strides: [[1, 1, 1], [4, 4, 4]], encoder: .residual, encoderConvolutionCounts: [3, 1],
            decoderConvolutionCounts: [1])
        func resultCount(_ purpose: SessionPurpose) throws -> Double {
            let session = try Session(
                architecture: architecture, batchSize: 1, patchSize: [16, 16, 16], purpose: purpose, engine: engine)
            let result = 16 * 16 * 16 * 16 * 4
            return Double(session.arenaByteCount - session.sharedScratchByteCount) / Double(result)
        }
        // The stem's result and three per block; beside them the decoder's block leaves its gradient, those of both its
        // inputs, and needs the raised one.
        let training = try resultCount(.training)
        #expect(training >= 10 + 4 && training <= 10 + 4.5, "\(training) results")
        // A block's input, its main path and its result, or the decoder's two inputs and its result.
        let inference = try resultCount(.inference)
        #expect(inference >= 3 && inference <= 3.5, "\(inference) results")
    }
}
