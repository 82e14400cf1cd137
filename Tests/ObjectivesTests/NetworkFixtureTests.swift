import Documents
import Kernels
import Networks
import Objectives
import Tensors
import TestSupport
import Testing

/// One network of the fixtures that make_network_fixture.py wrote with PyTorch and nnU-Net.
struct NetworkCase: CustomTestStringConvertible, Sendable {
    let json: JSONValue
    var testDescription: String { json["name"]?.string ?? "?" }

    static let all = ["network", "residual_network"].flatMap { name in
        let document = try? JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/\(name).json"))
        return (document?.array ?? []).map { NetworkCase(json: $0) }
    }

    func integers(_ key: String) -> [Int] { json[key]?.integers ?? [] }
    func triples(_ key: String) -> [[Int]] { json[key]?.array?.compactMap(\.integers) ?? [] }

    var batchSize: Int { json["batch"]?.integer ?? 0 }
    var regions: [[Int]]? { json["regions"]?.array?.compactMap(\.integers) }
    var headCount: Int { regions?.count ?? json["classes"]?.integer ?? 0 }
    var ignoreLabel: Int? { json["ignore"]?.integer }

    var architecture: UNetArchitecture {
        let levels = integers("features").count
        let blocks = json["blocks"]?.integers
        return UNetArchitecture(
            inputChannelCount: json["channels"]?.integer ?? 0, headCount: headCount, features: integers("features"),
            kernelSizes: triples("kernels"), strides: triples("strides"), encoder: blocks == nil ? .plain : .residual,
            encoderConvolutionCounts: blocks ?? Array(repeating: 2, count: levels),
            decoderConvolutionCounts: Array(repeating: blocks == nil ? 2 : 1, count: levels - 1),
            hasConvolutionBias: json["bias"]?.bool ?? true)
    }

    var loss: LossDescription {
        LossDescription(
            headCount: headCount, kind: regions.map { .regions($0) } ?? .labels, ignoreLabel: ignoreLabel,
            usesBatchDice: json["batchDice"]?.bool ?? false,
            levelWeights: LossDescription.levelWeights(decoderLevelCount: integers("features").count - 1))
    }

    /// Uniform numbers in [-1, 1) from an integer hash, as the script computes them.
    static func noise(_ count: Int, stream: Int) -> [Float] {
        (0..<count).map { index in
            var x = UInt64(index) &* 2_654_435_761 &+ UInt64(stream) &* 40503 &+ 12345
            x &= 0xFFFF_FFFF
            x ^= x >> 16
            x = x &* 0x85EB_CA6B & 0xFFFF_FFFF
            x ^= x >> 13
            x = x &* 0xC2B2_AE35 & 0xFFFF_FFFF
            x ^= x >> 16
            return Float(x >> 8) / Float(1 << 23) - 1
        }
    }

    var weights: AlignedBuffer<Float> {
        let layout = architecture.parameterLayout
        let weights = AlignedBuffer<Float>(count: layout.scalarCount)
        for (stream, entry) in layout.entries.enumerated() {
            let noise = Self.noise(entry.count, stream: stream)
            let bound = (6 / Float(entry.shape.dropFirst().reduce(1, *))).squareRoot()
            for (index, value) in noise.enumerated() {
                weights.pointer[entry.offset + index] =
                    switch entry.role {
                    case .normScale, .lastNormScale: 1 + 0.25 * value
                    case .normShift: 2 + 0.25 * value
                    default: entry.shape.count > 1 ? value * bound : 0.25 * value
                    }
            }
        }
        return weights
    }

    /// A sum of triangular waves per voxel, `[N, D, H, W]`, that images and labels follow.
    private var wave: [Int] {
        let patch = integers("patch")
        var wave: [Int] = []
        for n in 0..<batchSize {
            for d in 0..<patch[0] {
                for h in 0..<patch[1] {
                    for w in 0..<patch[2] {
                        wave.append(abs((d + 3 * n) % 16 - 8) + abs((h + 5 * n) % 20 - 10) + abs(w % 12 - 6))
                    }
                }
            }
        }
        return wave
    }

    var images: AlignedBuffer<Float> {
        let (wave, channels, voxels) = (wave, architecture.inputChannelCount, integers("patch").reduce(1, *))
        let texture = Self.noise(batchSize * channels * voxels, stream: 1000)
        let images = AlignedBuffer<Float>(count: texture.count)
        for index in texture.indices {
            let (n, c, s) = (index / voxels / channels, index / voxels % channels, index % voxels)
            images.pointer[index] =
                Float(wave[n * voxels + s]) * (0.125 * Float(c + 1)) - 1.5 + 0.25 * texture[index]
        }
        return images
    }

    var labels: [Int16] {
        let top = (json["classes"]?.integer ?? 0) + (ignoreLabel == nil ? 0 : 1)
        return wave.map { Int16($0 / 3 % top) }
    }

    /// Forward, loss and backward of the whole batch in one session.
    func run(_ engine: Engine) throws -> (loss: Double, logits: [[Float]], gradient: AlignedBuffer<Float>) {
        let session = try Session(
            architecture: architecture, batchSize: batchSize, patchSize: integers("patch"), purpose: .training,
            engine: engine)
        let weights = weights
        session.poison()
        session.load(weights: weights)
        let images = images
        session.forward(images.pointer)
        let logits = session.logitSizes.indices.map { level in
            let count = batchSize * headCount * session.logitSizes[level].reduce(1, *)
            return Array(UnsafeBufferPointer(start: session.logits(level: level), count: count))
        }
        let loss = DeepSupervisionLoss(description: loss, batchSize: batchSize, sizes: session.logitSizes)
        labels.withUnsafeBufferPointer { loss.targets.fill(from: $0.baseAddress!) }
        let sums = loss.measure(session)
        let batch = BatchNormalization(
            sampleCount: batchSize,
            validVoxelCounts: session.logitSizes.indices.map {
                loss.targets.validCount(level: $0, ignoreLabel: ignoreLabel)
            }, diceSums: self.loss.usesBatchDice ? sums : nil)
        var value = loss.sampleLosses(batch).reduce(0, +)
        if self.loss.usesBatchDice { value += self.loss.batchDiceLoss(sums) }
        loss.differentiate(session, batch)
        let gradient = AlignedBuffer<Float>(count: weights.count)
        gradient.fill(.nan)
        session.backward(into: gradient.pointer)
        return (value, logits, gradient)
    }
}

@Suite struct NetworkFixtureTests {
    @Test func theFixtureIsThere() { #expect(NetworkCase.all.count == 16) }

    @Test("logits, loss and gradients are PyTorch's", arguments: NetworkCase.all, Engine.allCases)
    func agreesWithPyTorch(network: NetworkCase, engine: Engine) throws {
        let result = try network.run(engine)
        let expectedLoss = try #require(network.json["loss"]?.number)
        #expect(abs(result.loss - expectedLoss) <= 1e-5 * abs(expectedLoss), "loss \(result.loss), not \(expectedLoss)")
        for (level, expected) in try #require(network.json["logits"]?.array).enumerated() {
            let difference = try Self.largestDifference(result.logits[level], expected)
            #expect(difference <= 1e-4, "logits of level \(level) differ by \(difference) of their largest value")
        }
        let gradients = try #require(network.json["gradients"]?.object)
        let layout = network.architecture.parameterLayout
        #expect(gradients.count > layout.entries.count / 2)
        for (name, expected) in gradients.members {
            let entry = try #require(layout[name], "the layout lacks \(name)")
            let values = Array(result.gradient.elements[entry.range])
            let difference = try Self.largestDifference(values, expected)
            #expect(difference <= 1e-3, "the gradient of \(name) differs by \(difference) of its largest value")
        }
        for entry in layout.entries where entry.role == .convolutionBias {
            #expect(result.gradient.elements[entry.range].allSatisfy { $0 == 0 })
        }
    }

    /// Largest difference over the samples and the norm, as a share of the tensor's largest value.
    static func largestDifference(_ values: [Float], _ expected: JSONValue) throws -> Double {
        let largest = try #require(expected["largest"]?.number)
        let index = try #require(expected["index"]?.integers)
        let samples = try #require(expected["value"]?.numbers)
        let norm = try #require(expected["norm"]?.number)
        guard values.allSatisfy(\.isFinite) else { return .infinity }
        let own = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        var worst = norm > 0 ? abs(own - norm) / norm : own
        for (place, sample) in zip(index, samples) {
            worst = max(worst, abs(Double(values[place]) - sample) / max(largest, 1e-6))
        }
        return worst
    }
}
