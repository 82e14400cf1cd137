import Kernels
import Networks
import Tensors
import Testing

@Suite struct SessionTests {
    @Test("inference gives training's logits", arguments: Variant.inFloat32)
    func inferenceIsTraining(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(2 * network.imageScalarCount, 0)
        let training = network.logits(try network.session(2, .training), images.pointer)
        let inference = network.logits(try network.session(2, .inference), images.pointer)
        #expect(largestDifference(training, inference) <= 1e-5)
    }

    @Test("a batch of three gives the logits of its samples alone", arguments: Variant.inFloat32)
    func batchIsItsSamples(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(3 * network.imageScalarCount, 1)
        let batch = network.logits(try network.session(3, .training), images.pointer)
        let single = try network.session(1, .training)
        let alone = (0..<3).flatMap { network.logits(single, images.pointer + $0 * network.imageScalarCount) }
        #expect(largestDifference(batch, alone) <= 1e-5)
    }

    @Test("a batch's gradient is the sum of its samples'", arguments: Variant.inFloat32)
    func gradientIsTheSum(variant: Variant) throws {
        let network = variant.network
        // The same image twice, with the same gradient in its logits.
        let image = network.noise(network.imageScalarCount, 2)
        let twice = AlignedBuffer(image.array + image.array)
        func gradient(_ batchSize: Int, _ images: AlignedBuffer<Float>) throws -> [Float] {
            let session = try network.session(batchSize, .training)
            session.forward(images.pointer)
            for (level, size) in session.logitSizes.enumerated() {
                let count = network.architecture.headCount * size.reduce(1, *)
                let noise = network.noise(count, 100 + level)
                for sample in 0..<batchSize {
                    (session.logits(level: level) + sample * count).update(from: noise.pointer, count: count)
                }
            }
            let gradient = AlignedBuffer<Float>(count: network.weights.count)
            session.backward(into: gradient.pointer)
            return gradient.array
        }
        let (one, two) = (try gradient(1, image), try gradient(2, twice))
        for entry in network.architecture.parameterLayout.entries {
            #expect(
                largestDifference(Array(two[entry.range]), one[entry.range].map { 2 * $0 }) <= 1e-4, "\(entry.name)")
        }
    }

    @Test(
        "bfloat16 gives float32's logits and gradients up to its rounding", .enabled(if: Precision.bf16.isSupported),
        arguments: [SmallNetwork.plain, SmallNetwork.residual])
    func bfloat16IsFloat32Rounded(architecture: UNetArchitecture) throws {
        // A bottleneck of two voxels has no gradient but its rounding: take one of sixteen.
        var network = SmallNetwork(architecture: architecture, patchSize: [8, 16, 32], engine: .oneDNN, shift: 3)
        let images = network.noise(2 * network.imageScalarCount, 6)
        let exact = network.step(try network.session(2, .training), images)
        network.precision = .bf16
        let rounded = network.step(try network.session(2, .training), images)
        // Each of some twenty layers adds a rounding of 1/256 or less, of random sign.
        let logits = relativeDistance(rounded.logits, exact.logits)
        #expect(logits > 1e-4 && logits <= 0.03, "logits differ by \(logits) of their norm")
        for entry in network.architecture.parameterLayout.entries {
            let (ours, theirs) = (Array(rounded.gradient[entry.range]), Array(exact.gradient[entry.range]))
            let distance = relativeDistance(ours, theirs)
            #expect(distance <= 0.1, "the gradient of \(entry.name) differs by \(distance) of its norm")
        }
    }

    /// ‖a − b‖ / ‖b‖; 0 where both vanish.
    private func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
        let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        let size = b.reduce(0.0) { $0 + Double($1) * Double($1) }
        return difference == 0 ? 0 : (difference / size).squareRoot()
    }

    @Test("a poisoned arena changes no bit, of the first step or a later one", arguments: Variant.all)
    func poisonChangesNothing(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(2 * network.imageScalarCount, 3)
        let clean = network.step(try network.session(2, .training), images)
        #expect(clean.logits.allSatisfy { $0.isFinite } && clean.gradient.allSatisfy { $0.isFinite })
        let session = try network.session(2, .training)
        for _ in 0..<2 {
            session.poison()
            let poisoned = network.step(session, images)
            #expect(poisoned.logits.map(\.bitPattern) == clean.logits.map(\.bitPattern))
            #expect(poisoned.gradient.map(\.bitPattern) == clean.gradient.map(\.bitPattern))
        }
        // Another image in between leaves nothing behind.
        _ = network.step(session, network.noise(2 * network.imageScalarCount, 4))
        #expect(network.step(session, images).gradient.map(\.bitPattern) == clean.gradient.map(\.bitPattern))
    }

    @Test(
        "a session that shares the weights of another gives its own bits, also after new weights",
        arguments: Variant.all)
    func sharedWeights(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(2 * network.imageScalarCount, 8)
        let owner = try network.session(1, .training)
        let sharing = try Session(
            architecture: network.architecture, batchSize: 2, patchSize: network.patchSize, purpose: .training,
            engine: variant.engine, precision: variant.precision, sharingWeightsOf: owner)
        let alone = try network.session(2, .training)
        for seed in [6, 7] as [UInt64] {
            let weights = network.architecture.initialWeights(seed: seed)
            for session in [owner, sharing, alone] { session.load(weights: weights) }
            let (ours, theirs) = (network.step(sharing, images), network.step(alone, images))
            #expect(ours.logits.map(\.bitPattern) == theirs.logits.map(\.bitPattern))
            #expect(ours.gradient.map(\.bitPattern) == theirs.gradient.map(\.bitPattern))
        }
    }

    @Test("new weights count from the next load on", arguments: Variant.inFloat32)
    func loadTakesOver(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(network.imageScalarCount, 5)
        let session = try network.session(1, .inference)
        let first = network.logits(session, images.pointer)
        let other = network.architecture.initialWeights(seed: 6)
        session.load(weights: other)
        other.fill(.nan)
        let second = network.logits(session, images.pointer)
        #expect(second != first && second.allSatisfy { $0.isFinite })
        session.load(weights: network.weights)
        #expect(network.logits(session, images.pointer) == first)
    }

    @Test("a profile changes no bit and sees every kind of work of a session", arguments: Variant.all)
    func profile(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(network.imageScalarCount, 0)
        let plain = network.step(try network.session(1, .training), images)
        let profile = StepProfile()
        let profiled = network.step(try network.session(1, .training, profile: profile), images)
        #expect(plain.logits.map(\.bitPattern) == profiled.logits.map(\.bitPattern))
        #expect(plain.gradient.map(\.bitPattern) == profiled.gradient.map(\.bitPattern))
        let seen = StepProfile.Kind.allCases.filter { profile.seconds($0) > 0 }
        #expect(
            Set(seen).isSuperset(of: [
                .convolutionForward, .convolutionBackwardData, .convolutionBackwardWeights, .normForward, .normBackward,
                .heads, .weightPacking,
            ]))
        #expect(Set(seen).isDisjoint(with: [.loss, .gradientSum, .optimizer]))
        profile.reset()
        #expect(StepProfile.Kind.allCases.allSatisfy { profile.seconds($0) == 0 })
    }

    @Test("heads below the supervised levels have gradient 0") func unsupervisedHeads() throws {
        let network = SmallNetwork(engine: .openBLAS)
        let session = try network.session(1, .training)
        #expect(session.logitSizes == [[4, 8, 16], [4, 4, 8]])
        let gradient = network.step(session, network.noise(network.imageScalarCount, 6)).gradient
        for entry in network.architecture.parameterLayout.entries {
            let isFrozen = entry.name.hasPrefix("decoder.seg_layers.0.") || entry.role == .convolutionBias
            #expect(gradient[entry.range].allSatisfy { $0 == 0 } == isFrozen, "\(entry.name)")
        }
    }

    @Test("what is computed again has the same bits, and needs less memory", arguments: Variant.all)
    func recomputation(variant: Variant) throws {
        let network = variant.network
        let images = network.noise(2 * network.imageScalarCount, 3)
        let keeping = try network.session(2, .training, recomputesFirst: false)
        let again = try network.session(2, .training, recomputesFirst: true)
        #expect(again.arenaByteCount < keeping.arenaByteCount)
        let expected = network.step(keeping, images)
        again.poison()
        for _ in 0..<2 {
            let found = network.step(again, images)
            #expect(found.logits == expected.logits && found.gradient == expected.gradient)
        }
    }

    @Test("the arena holds what must live at once, and not much more", arguments: Engine.allCases)
    func arenaSize(engine: Engine) throws {
        let network = SmallNetwork(engine: engine)
        let block = engine.channelBlock
        // Results of the layers, in bytes: (features, level) of every block and transposed convolution, and the logits.
        let voxels = network.architecture.downsampling.map { zip(network.patchSize, $0).map { $0 / $1 }.reduce(1, *) }
        func bytes(_ channels: Int, _ level: Int) -> Int { (channels + block - 1) / block * block * voxels[level] * 4 }
        let results =
            [
                (12, 0), (12, 0), (16, 1), (32, 2), (32, 2), (40, 3), (40, 3), (32, 2), (32, 2), (16, 1), (16, 1),
                (16, 1),
                (12, 0), (12, 0), (12, 0),
            ].map { bytes($0.0, $0.1) }
        let whole = results.reduce(0, +)
        // What layers use while they run depends on their kernels.
        func byteCount(_ sampleCount: Int, _ purpose: SessionPurpose) throws -> Int {
            let session = try network.session(sampleCount, purpose)
            return session.arenaByteCount - session.sharedScratchByteCount
        }
        let training = try byteCount(1, .training)
        let inference = try byteCount(1, .inference)
        // When the last block's gradient goes back, three results of the highest resolution and all of the others are
        // kept, beside two gradients; the last block's own result is no longer needed.
        #expect(training >= whole - 2 * bytes(12, 0) + 2 * bytes(12, 0))
        #expect(inference >= 2 * bytes(12, 0) && inference < training)
        // At most all gradients beside all results.
        #expect(training <= 2 * whole, "\(training) bytes for \(whole) of results")
        #expect(inference <= whole, "\(inference) bytes for \(whole) of results")
        let four = try byteCount(4, .training)
        #expect(four <= 4 * training && four >= 2 * training, "\(four) bytes for four samples, \(training) for one")
    }

    @Test("the engines agree", arguments: [SmallNetwork.plain, SmallNetwork.residual])
    func enginesAgree(architecture: UNetArchitecture) throws {
        // Where LeakyReLU bends, rounding alone decides about gradients: all activations are above.
        func step(_ engine: Engine) throws -> (logits: [Float], gradient: [Float]) {
            let network = SmallNetwork(architecture: architecture, patchSize: [8, 16, 32], engine: engine, shift: 6)
            return network.step(try network.session(2, .training), network.noise(2 * network.imageScalarCount, 6))
        }
        let (ours, reference) = (try step(.oneDNN), try step(.openBLAS))
        #expect(largestDifference(ours.logits, reference.logits) <= 1e-5)
        for entry in architecture.parameterLayout.entries {
            let difference = largestDifference(
                Array(ours.gradient[entry.range]), Array(reference.gradient[entry.range]))
            #expect(difference <= 2e-4, "the gradient of \(entry.name) differs by \(difference) of its largest value")
        }
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Double {
        guard a.count == b.count, a.allSatisfy(\.isFinite) else { return .infinity }
        let largest = b.map { abs(Double($0)) }.max() ?? 0
        return (zip(a, b).map { abs(Double($0) - Double($1)) }.max() ?? 0) / max(largest, 1e-6)
    }
}
