import Patches
import Tensors
import Testing

@Suite struct AugmentationDrawsTests {
    static let count = 20_000

    private func draws(patchSize: [Int] = [16, 16, 16], mirrorAxes: [Int] = [0, 1, 2]) -> [AugmentationDraws] {
        var mask = SIMDMask<SIMD3<Int>>()
        for axis in mirrorAxes { mask[axis] = true }
        let geometry = PatchGeometry(patchSize: patchSize)
        return (0..<Self.count).map { index in
            var stream = RandomStream(seed: 5, purpose: .augmentation, index: index)
            return AugmentationDraws(geometry: geometry, channelCount: 2, mirrorAxes: mask, using: &stream)
        }
    }

    /// Whether `found` of all draws fits a probability within five standard deviations.
    private func fits(_ found: Int, _ probability: Double, of count: Int = count) -> Bool {
        let deviation = (Double(count) * probability * (1 - probability)).squareRoot()
        return abs(Double(found) - Double(count) * probability) < 5 * deviation
    }

    @Test("Every transform has its probability") func probabilities() {
        let draws = draws()
        #expect(fits(draws.count { $0.rotation != nil }, 0.2))
        #expect(fits(draws.count { $0.scale != nil }, 0.2))
        #expect(fits(draws.count { $0.rotation != nil && $0.scale != nil }, 0.04))
        #expect(fits(draws.count { $0.isAligned }, 0.64))
        #expect(fits(draws.count { $0.noiseDeviation != nil }, 0.1))
        #expect(fits(draws.count { !$0.blur.isEmpty }, 0.2))
        #expect(fits(draws.count { !$0.brightness.isEmpty }, 0.15))
        #expect(fits(draws.count { !$0.contrast.isEmpty }, 0.15))
        #expect(fits(draws.count { !$0.lowResolution.isEmpty }, 0.25))
        #expect(fits(draws.count { !$0.invertedGamma.isEmpty }, 0.1))
        #expect(fits(draws.count { !$0.gamma.isEmpty }, 0.3))
        for axis in 0..<3 { #expect(fits(draws.count { $0.flips[axis] }, 0.5)) }
        let blurred = draws.flatMap(\.blur)
        #expect(fits(blurred.count { $0 != nil }, 0.5, of: blurred.count))
        let coarse = draws.flatMap(\.lowResolution)
        #expect(fits(coarse.count { $0 != nil }, 0.5, of: coarse.count))
    }

    @Test("Every number fills its range") func ranges() {
        let draws = draws()
        expect(draws.compactMap(\.rotation).flatMap { [$0[0], $0[1], $0[2]] }, in: -.pi / 6...(.pi / 6), mean: 0)
        expect(draws.compactMap(\.scale), in: 0.7...1.4, mean: 1.05)
        expect(draws.compactMap(\.noiseDeviation), in: 0...0.1, mean: 0.05)
        expect(
            draws.flatMap(\.blur).compactMap { $0 }.flatMap { [$0[0], $0[1], $0[2]] }, in: 0.5...1, mean: 0.75)
        expect(draws.flatMap(\.brightness), in: 0.75...1.25, mean: 1)
        expect(draws.flatMap(\.contrast), in: 0.75...1.25, mean: 1)
        expect(draws.flatMap(\.lowResolution).compactMap { $0 }, in: 0.5...1, mean: 0.75)
        expect(draws.flatMap(\.gamma), in: 0.7...1.5, mean: 1.05)
        expect(draws.flatMap(\.invertedGamma), in: 0.7...1.5, mean: 1.05)
        let gamma = draws.flatMap(\.gamma)
        #expect(fits(gamma.count { $0 < 1 }, 0.5, of: gamma.count))
    }

    @Test("Flat patches turn in their plane by any angle") func sliceWiseRotation() {
        let angles = draws(patchSize: [4, 64, 64]).compactMap(\.rotation).map { $0[0] }
        expect(angles, in: -.pi...(.pi), mean: 0)
    }

    @Test("Only allowed axes are flipped") func allowedFlips() {
        let draws = draws(mirrorAxes: [1])
        #expect(draws.allSatisfy { !$0.flips[0] && !$0.flips[2] })
        #expect(fits(draws.count { $0.flips[1] }, 0.5))
    }

    private func expect(_ values: [Float], in range: ClosedRange<Float>, mean: Float) {
        #expect(values.count >= 1000)
        #expect(values.allSatisfy(range.contains))
        let width = range.upperBound - range.lowerBound
        #expect((values.min() ?? 9) < range.lowerBound + 0.02 * width)
        #expect((values.max() ?? -9) > range.upperBound - 0.02 * width)
        #expect(abs(values.reduce(0, +) / Float(values.count) - mean) < 0.03 * width)
    }
}
