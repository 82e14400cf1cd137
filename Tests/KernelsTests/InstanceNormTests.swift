import Kernels
import Tensors
import Testing

@Suite struct InstanceNormTests {
    @Test("output and gradients are the definition's", arguments: NormCase.all)
    func agreesWithTheDefinition(norm: NormCase) {
        let (input, scale, shift) = (norm.input, norm.scale, norm.shift)
        var first = ConvolutionCase.noise(norm.scalarCount, 11)
        var second = norm.hasSecondGradient ? ConvolutionCase.noise(norm.scalarCount, 12) : nil
        // Where LeakyReLU bends, rounding alone decides about the gradient: none is given there.
        let none = [Double](repeating: 0, count: first.count)
        let bent = norm.reference(input, scale: scale, shift: shift, gradient: none)
        for index in first.indices where abs(bent.linear[index]) < 1e-4 {
            first[index] = 0
            second?[index] = 0
        }
        let whole = first.indices.map { Double(first[$0]) + Double(second?[$0] ?? 0) }
        let expected = norm.reference(input, scale: scale, shift: shift, gradient: whole)
        let result = norm.run(input, scale: scale, shift: shift, gradient: first, second: second)
        #expect(result.paddingIsZero)
        #expect(result.output.allSatisfy { $0.isFinite } && result.inputGradient.allSatisfy { $0.isFinite })

        let output = worst(result.output, expected.output) { _ in 1 }
        #expect(output <= 1e-5, "output differs by \(output)")
        let inputGradient = worst(result.inputGradient, expected.inputGradient) { expected.inputGradientSize[$0] }
        #expect(inputGradient <= 1e-5, "gradient of the input differs by \(inputGradient) of its terms")
        let size = expected.parameterGradientSize
        let scaleGradient = worst(result.scaleGradient, expected.scaleGradient) { size[$0] }
        #expect(scaleGradient <= 2e-6, "gradient of the scale differs by \(scaleGradient) of its terms")
        let shiftGradient = worst(result.shiftGradient, expected.shiftGradient) { size[$0] }
        #expect(shiftGradient <= 2e-6, "gradient of the shift differs by \(shiftGradient) of its terms")
    }

    /// The layer keeps only its rounded output, from which the backward pass takes the input and its sign.
    @Test("bfloat16 is the definition's on rounded values, up to its rounding", arguments: NormCase.inBFloat16)
    func bfloat16AgreesWithTheDefinition(norm: NormCase) {
        let (input, scale, shift) = (norm.input.map(BFloat16.rounded), norm.scale, norm.shift)
        var gradient = ConvolutionCase.noise(norm.scalarCount, 11).map(BFloat16.rounded)
        let none = [Double](repeating: 0, count: gradient.count)
        let bent = norm.reference(input, scale: scale, shift: shift, gradient: none)
        for index in gradient.indices where abs(bent.linear[index]) < 1e-4 { gradient[index] = 0 }
        let expected = norm.reference(input, scale: scale, shift: shift, gradient: gradient.map(Double.init))
        let result = norm.run(input, scale: scale, shift: shift, gradient: gradient)
        #expect(result.paddingIsZero)
        let rounding = Double(Precision.bf16.roundingError)
        for (value, truth) in zip(result.output, expected.output) {
            #expect(abs(Double(value) - truth) <= rounding * abs(truth) + 1e-5)
        }
        // n = (t − β) / γ carries the rounding of t, up to 5 here, over γ, 0.5 and more.
        let inputGradient = worst(result.inputGradient, expected.inputGradient) { expected.inputGradientSize[$0] }
        #expect(inputGradient <= 10 * rounding, "gradient of the input differs by \(inputGradient) of its terms")
        let size = expected.parameterGradientSize
        let scaleGradient = worst(result.scaleGradient, expected.scaleGradient) { size[$0] }
        #expect(scaleGradient <= 10 * rounding, "gradient of the scale differs by \(scaleGradient) of its terms")
        let shiftGradient = worst(result.shiftGradient, expected.shiftGradient) { size[$0] }
        #expect(shiftGradient <= 2e-6, "gradient of the shift differs by \(shiftGradient) of its terms")
    }

    @Test(
        "bfloat16 stores the nearest value, ties to even, and what is not a number",
        .enabled(if: Precision.bf16.isSupported))
    func bfloat16Rounding() {
        // γ / σ = 1 and β = mean: the values pass through unchanged, up to rounding. Mean 0, variance 1.
        let norm = NormCase(batchSize: 1, channelCount: 1, block: 16, voxelCount: 2, epsilon: 0, precision: .bf16)
        // 1 + 1/256 and 1 + 3/256 lie between neighbors: to even, 1 and 1 + 1/64.
        #expect(norm.run([-1, 1], scale: [1], shift: [1 / 256]).output[1] == 1)
        #expect(norm.run([-1, 1], scale: [1], shift: [3 / 256]).output[1] == 1.015625)
        #expect(norm.run([-1, 1], scale: [1], shift: [1.01 / 256]).output[1] == 1.0078125)
        #expect(norm.run([.nan, 1], scale: [1], shift: [0]).output.allSatisfy { $0.isNaN })
    }

    /// Mean 2, deviation 1, so n = −1, −1, 1, 1; with γ = 2, β = 1 the layer gives leaky(−1), leaky(−1), 3, 3. The
    /// gradient behind LeakyReLU is 1, 3, 5, 7: mean 4, mean of its product with n 2.
    @Test(arguments: [1, 8, 16]) func fourVoxelsByHand(block: Int) {
        let norm = NormCase(batchSize: 1, channelCount: 1, block: block, voxelCount: 4, epsilon: 0, leak: 0.25)
        let whole = norm.run([1, 1, 3, 3], scale: [2], shift: [1], gradient: [4, 12, 5, 7])
        #expect(whole.output == [-0.25, -0.25, 3, 3])
        #expect(whole.inputGradient == [-2, 2, -2, 2])  // 2 · (g − 4 − 2n)
        #expect(whole.scaleGradient == [8] && whole.shiftGradient == [16])
        let inTwoParts = norm.run(
            [1, 1, 3, 3], scale: [2], shift: [1], gradient: [1, 10, 2, 14], second: [3, 2, 3, -7])
        #expect(inTwoParts.inputGradient == whole.inputGradient)
        #expect(inTwoParts.scaleGradient == whole.scaleGradient && inTwoParts.shiftGradient == whole.shiftGradient)
    }

    @Test("gradients are finite differences", arguments: [1, 8, 16]) func finiteDifferences(block: Int) {
        let norm = NormCase(channelCount: 3, block: block, voxelCount: 7)
        // Far from where LeakyReLU bends: one channel above, one below, one above.
        let (scale, shift): ([Float], [Float]) = ([1.25, -0.75, -1], [5, -4, 4])
        let input = norm.input
        let weight = ConvolutionCase.noise(norm.scalarCount, 13)
        func value(_ input: [Float], _ scale: [Float], _ shift: [Float]) -> Double {
            zip(norm.run(input, scale: scale, shift: shift).output, weight).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        let result = norm.run(input, scale: scale, shift: shift, gradient: weight)
        let step: Float = 1 / 64
        for index in input.indices {
            var (up, down) = (input, input)
            up[index] += step
            down[index] -= step
            let slope = (value(up, scale, shift) - value(down, scale, shift)) / (2 * Double(step))
            let error = abs(slope - Double(result.inputGradient[index]))
            #expect(error <= 2e-3, "input \(index): \(result.inputGradient[index]), not \(slope)")
        }
        for channel in scale.indices {
            var (up, down) = (scale, scale)
            up[channel] += step
            down[channel] -= step
            let scaleSlope = (value(input, up, shift) - value(input, down, shift)) / (2 * Double(step))
            #expect(abs(scaleSlope - Double(result.scaleGradient[channel])) <= 1e-3)
            (up, down) = (shift, shift)
            up[channel] += step
            down[channel] -= step
            let shiftSlope = (value(input, scale, up) - value(input, scale, down)) / (2 * Double(step))
            #expect(abs(shiftSlope - Double(result.shiftGradient[channel])) <= 1e-3)
        }
    }

    @Test("one voxel gives leaky(shift) and no gradient but the shift's", arguments: [1, 8, 16])
    func oneVoxel(block: Int) {
        let norm = NormCase(batchSize: 2, channelCount: 2, block: block, voxelCount: 1, leak: 0.5)
        let result = norm.run(
            [1e6, -3, 7, 1e-20], scale: [1, 3], shift: [2, -4], gradient: [1, 2, 4, 8], second: [0, 0, 0, 16])
        #expect(result.output == [2, -2, 2, -2])
        #expect(result.inputGradient == [0, 0, 0, 0])
        #expect(result.scaleGradient == [0, 0])
        #expect(result.shiftGradient == [5, 13])
    }

    @Test("a scale that vanishes gives leaky(shift) and finite gradients", arguments: [1, 8, 16])
    func vanishingScale(block: Int) {
        let norm = NormCase(batchSize: 1, channelCount: 3, block: block, voxelCount: 5, leak: 0.5)
        let input = norm.input
        let result = norm.run(
            input, scale: [0, 1e-9, -1e-30], shift: [2, -4, 0], gradient: Array(repeating: 1, count: input.count))
        for (index, value) in result.output.enumerated() {
            #expect(abs(value - [2, -2, 0][norm.channel(of: index)]) <= 1e-6)
        }
        #expect(result.inputGradient.allSatisfy { abs($0) <= 1e-6 })
        #expect(result.scaleGradient == [0, 0, 0])
        #expect(result.shiftGradient[0] == 5 && result.shiftGradient[1] == 2.5)
    }

    @Test("a constant channel gives leaky(shift)", arguments: [1, 8, 16]) func constantChannel(block: Int) {
        let norm = NormCase(batchSize: 1, channelCount: 2, block: block, voxelCount: 300)
        let input = (0..<600).map { $0 < 300 ? Float(0.1) : -1000 }
        let result = norm.run(input, scale: [1, 1], shift: [0.5, -0.5], gradient: Array(repeating: 1, count: 600))
        #expect(result.output.prefix(300).allSatisfy { abs($0 - 0.5) <= 1e-4 })
        // A thousand times 1 / √ε, and float32 has 24 bits.
        #expect(result.output.suffix(300).allSatisfy { abs($0 + 0.005) <= 0.05 })
        #expect(result.inputGradient.allSatisfy { abs($0) <= 0.05 })
    }

    @Test(
        "one thread and two give the same bits",
        arguments: (NormCase.all + NormCase.inBFloat16).filter { $0.voxelCount > 2 })
    func threadsChangeNothing(norm: NormCase) {
        let (input, scale, shift) = (norm.input, norm.scale, norm.shift)
        let gradient = ConvolutionCase.noise(norm.scalarCount, 11)
        let (one, two) = onOneAndTwoThreads {
            norm.run(input, scale: scale, shift: shift, gradient: gradient, second: input)
        }
        #expect(bits(one.output) == bits(two.output))
        #expect(bits(one.inputGradient) == bits(two.inputGradient))
        #expect(bits(one.scaleGradient) == bits(two.scaleGradient))
        #expect(bits(one.shiftGradient) == bits(two.shiftGradient))
    }

    private func worst(_ values: [Float], _ expected: [Double], size: (Int) -> Double) -> Double {
        guard values.count == expected.count else { return .infinity }
        return values.indices.reduce(0) { max($0, abs(Double(values[$1]) - expected[$1]) / max(1, size($1))) }
    }
}
