import Documents
import Networks
import Objectives
import Tensors
import TestSupport
import Testing

/// Against Fixtures/sgd.json, which make_sgd_fixture.py wrote with PyTorch.
@Suite struct OptimizerTests {
    private func architecture(_ features: [Int]) -> UNetArchitecture {
        UNetArchitecture(
            inputChannelCount: 1, headCount: 2, features: features,
            kernelSizes: Array(repeating: [3, 3, 3], count: features.count),
            strides: [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: features.count - 1),
            encoderConvolutionCounts: Array(repeating: 2, count: features.count),
            decoderConvolutionCounts: Array(repeating: 2, count: features.count - 1))
    }

    /// Numbers of the script's formula for every tensor; 0 for the lowest head where it is left out.
    private func fill(
        _ buffer: AlignedBuffer<Float>, _ layout: ParameterLayout, firstStream: Int, scale: Float,
        leavesLowestHead: Bool
    ) {
        for (stream, entry) in layout.entries.enumerated() {
            let isLeft = leavesLowestHead && entry.name.hasPrefix("decoder.seg_layers.0.")
            for (index, value) in NetworkCase.noise(entry.count, stream: firstStream + stream).enumerated() {
                buffer.pointer[entry.offset + index] = isLeft ? 0 : scale * value
            }
        }
    }

    @Test("three steps with clipping, decay and momentum are PyTorch's; the lowest head stays")
    func agreesWithPyTorch() throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/sgd.json"))
        let architecture = architecture(try #require(fixture["features"]?.integers))
        let layout = architecture.parameterLayout
        #expect(layout.scalarCount == fixture["scalars"]?.integer)
        let weights = AlignedBuffer<Float>(count: layout.scalarCount)
        let gradient = AlignedBuffer<Float>(count: layout.scalarCount)
        fill(weights, layout, firstStream: 0, scale: 1, leavesLowestHead: false)
        let optimizer = NesterovOptimizer(architecture: architecture, supervisedLevelCount: 1)
        // Whatever a buffer holds before the first step counts for nothing.
        for entry in layout.entries where !entry.name.hasPrefix("decoder.seg_layers.0.") {
            (optimizer.momentumBuffer.pointer + entry.offset).update(repeating: .nan, count: entry.count)
        }
        let scales = try #require(fixture["scales"]?.numbers)
        let norms = try #require(fixture["norms"]?.numbers)
        for (step, scale) in scales.enumerated() {
            fill(gradient, layout, firstStream: 1000 * (step + 1), scale: Float(scale), leavesLowestHead: true)
            let norm = optimizer.norm(of: gradient)
            #expect(abs(norm / norms[step] - 1) <= 1e-6)
            optimizer.step(
                weights: weights, gradient: gradient, norm: norm,
                rate: LearningRate.polynomial(epoch: step, epochs: scales.count), isFirst: step == 0)
        }
        let index = try #require(fixture["index"]?.integers)
        let (right, momentum) = (try #require(fixture["weights"]?.numbers), try #require(fixture["momentum"]?.numbers))
        for (place, scalar) in index.enumerated() {
            #expect(abs(Double(weights.pointer[scalar]) - right[place]) <= 2e-7)
            #expect(abs(Double(optimizer.momentumBuffer.pointer[scalar]) - momentum[place]) <= 1e-6)
        }
        expectNorm(weights, fixture["weightNorm"])
        expectNorm(optimizer.momentumBuffer, fixture["momentumNorm"])
        for name in ["decoder.seg_layers.0.weight", "decoder.seg_layers.0.bias"] {
            let range = try #require(layout[name]).range
            #expect(optimizer.momentumBuffer.elements[range].allSatisfy { $0 == 0 })
        }
    }

    private func expectNorm(_ values: AlignedBuffer<Float>, _ expected: JSONValue?) {
        let norm = values.array.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(norm / (expected?.number ?? 0) - 1) <= 1e-7)
    }

    /// Over several chunks, which start and end inside tensors.
    @Test("every scalar moves once, frozen heads not at all", arguments: [1, 2, 3])
    func movesEveryScalar(supervised: Int) {
        let architecture = architecture([12, 24, 48, 64])
        let layout = architecture.parameterLayout
        let optimizer = NesterovOptimizer(architecture: architecture, supervisedLevelCount: supervised)
        let (weights, gradient) = (
            AlignedBuffer<Float>(count: layout.scalarCount), AlignedBuffer<Float>(count: layout.scalarCount)
        )
        gradient.fill(1)
        // w = −rate · (1 + 0.99) for the gradient 1, unclipped.
        optimizer.step(weights: weights, gradient: gradient, norm: 1, rate: 0.5, isFirst: true)
        let moved = -0.5 * (1 + NesterovOptimizer.momentum)
        var frozenCount = 0
        for entry in layout.entries {
            let isFrozen = (0..<3 - supervised).contains { entry.name.hasPrefix("decoder.seg_layers.\($0).") }
            frozenCount += isFrozen ? entry.count : 0
            #expect(weights.elements[entry.range].allSatisfy { $0 == (isFrozen ? 0 : moved) }, "\(entry.name)")
            #expect(optimizer.momentumBuffer.elements[entry.range].allSatisfy { $0 == (isFrozen ? 0 : 1) })
        }
        #expect(layout.scalarCount > 4 * 65536)
        #expect(abs(optimizer.norm(of: gradient) - Double(layout.scalarCount - frozenCount).squareRoot()) <= 1e-9)
        gradient.pointer[layout.scalarCount / 2] = .nan
        #expect(optimizer.norm(of: gradient).isNaN)
    }

    @Test(
        "a gradient is cut to the norm 12 and no smaller one is touched",
        arguments: [(24.0, 0.5), (12.0, 1.0), (0.0, 1.0)])
    func clips(norm: Double, factor: Float) {
        let architecture = architecture([2, 2, 2])
        let optimizer = NesterovOptimizer(architecture: architecture, supervisedLevelCount: 1)
        let count = architecture.parameterLayout.scalarCount
        let (weights, gradient) = (AlignedBuffer<Float>(count: count), AlignedBuffer<Float>(count: count))
        gradient.fill(2)
        optimizer.step(weights: weights, gradient: gradient, norm: norm, rate: 0.01, isFirst: true)
        // The first scalar; 10⁻⁶ stands beside the norm.
        #expect(abs(optimizer.momentumBuffer.pointer[0] - 2 * factor) <= 1e-6)
    }
}
