import Kernels
import Tensors
import Testing

@Suite struct JoinTests {
    @Test("output and gradients are the definition's", arguments: JoinCase.all + JoinCase.inBFloat16)
    func agreesWithTheDefinition(join: JoinCase) {
        let (norm, input, skip) = (join.norm, join.input, join.skip)
        let (scale, shift) = (norm.scale, norm.shift)
        func gradient(_ index: Int) -> [Float] {
            ConvolutionCase.noise(norm.scalarCount, index).map(norm.precision.rounded)
        }
        var first = gradient(11)
        var second = norm.hasSecondGradient ? gradient(12) : nil
        // Where LeakyReLU bends, rounding alone decides about the gradient: none is given there.
        let none = [Double](repeating: 0, count: first.count)
        let bent = norm.reference(input, scale: scale, shift: shift, gradient: none, skip: skip)
        for index in first.indices where abs(bent.linear[index]) < 1e-4 {
            first[index] = 0
            second?[index] = 0
        }
        var whole = first.map(Double.init)
        if let second { whole = zip(whole, second).map { $0 + Double($1) } }
        let expected = norm.reference(input, scale: scale, shift: shift, gradient: whole, skip: skip)
        let result = join.run(input, skip: skip, scale: scale, shift: shift, gradient: first, second: second)

        // The input is kept, so bfloat16 rounds results and nothing else.
        let rounding = Double(norm.precision.roundingError)
        let output = worst(result.output, expected.output) { abs(expected.output[$0]) }
        #expect(output <= 1e-5 + rounding, "output differs by \(output)")
        let skipGradient = worst(result.skipGradient, expected.linearGradient) { abs(expected.linearGradient[$0]) }
        #expect(skipGradient <= 1e-6 + rounding, "gradient of the skip path differs by \(skipGradient)")
        let inputGradient = worst(result.inputGradient, expected.inputGradient) { expected.inputGradientSize[$0] }
        #expect(inputGradient <= 1e-5 + 3 * rounding, "gradient of the input differs by \(inputGradient) of its terms")
        let size = expected.parameterGradientSize
        let scaleGradient = worst(result.scaleGradient, expected.scaleGradient) { size[$0] }
        #expect(scaleGradient <= 2e-6, "gradient of the scale differs by \(scaleGradient) of its terms")
        let shiftGradient = worst(result.shiftGradient, expected.shiftGradient) { size[$0] }
        #expect(shiftGradient <= 2e-6, "gradient of the shift differs by \(shiftGradient) of its terms")
    }

    /// Mean 2, deviation 1, so n = −1, −1, 1, 1; with γ = 2, β = 1 and the skip path the sums are −2, 2, −1, 4. The
    /// gradient behind LeakyReLU is 1, 3, 5, 7: mean 4, mean of its product with n 2.
    @Test(arguments: [1, 8, 16]) func fourVoxelsByHand(block: Int) {
        let join = JoinCase(
            norm: NormCase(batchSize: 1, channelCount: 1, block: block, voxelCount: 4, epsilon: 0, leak: 0.25))
        let skip: [Float] = [-1, 3, -4, 1]
        let whole = join.run([1, 1, 3, 3], skip: skip, scale: [2], shift: [1], gradient: [4, 3, 20, 7])
        #expect(whole.output == [-0.5, 2, -0.25, 4])
        #expect(whole.skipGradient == [1, 3, 5, 7])
        #expect(whole.inputGradient == [-2, 2, -2, 2])  // 2 · (g − 4 − 2n)
        #expect(whole.scaleGradient == [8] && whole.shiftGradient == [16])
        let inTwoParts = join.run(
            [1, 1, 3, 3], skip: skip, scale: [2], shift: [1], gradient: [1, 5, 0, 14], second: [3, -2, 20, -7])
        #expect(inTwoParts.inputGradient == whole.inputGradient && inTwoParts.skipGradient == whole.skipGradient)
        #expect(inTwoParts.scaleGradient == whole.scaleGradient && inTwoParts.shiftGradient == whole.shiftGradient)
    }

    /// How a block starts: its result is the skip path's, and only γ and β have gradients.
    @Test("with a scale of 0 the scale still has its gradient", arguments: [1, 8, 16]) func scaleOfZero(block: Int) {
        let join = JoinCase(
            norm: NormCase(batchSize: 1, channelCount: 1, block: block, voxelCount: 4, epsilon: 0, leak: 0.25))
        let result = join.run(
            [1, 1, 3, 3], skip: [-4, 3, -4, 1], scale: [0], shift: [0], gradient: [4, 3, 20, 7])
        #expect(result.output == [-1, 3, -1, 1])
        #expect(result.skipGradient == [1, 3, 5, 7])
        #expect(result.inputGradient == [0, 0, 0, 0])
        #expect(result.scaleGradient == [8] && result.shiftGradient == [16])
    }

    @Test("one voxel gives leaky(shift + skip) and no gradient of the input or the scale", arguments: [1, 8, 16])
    func oneVoxel(block: Int) {
        let join = JoinCase(
            norm: NormCase(batchSize: 2, channelCount: 2, block: block, voxelCount: 1, leak: 0.5))
        let result = join.run(
            [1e6, -3, 7, 1e-20], skip: [1, 2, -4, 8], scale: [1, 3], shift: [2, -4], gradient: [1, 2, 4, 8],
            second: [0, 0, 0, 16])
        #expect(result.output == [3, -1, -1, 4])
        #expect(result.skipGradient == [1, 1, 2, 24])
        #expect(result.inputGradient == [0, 0, 0, 0])
        #expect(result.scaleGradient == [0, 0])
        #expect(result.shiftGradient == [3, 25])
    }

    @Test("gradients are finite differences", arguments: [1, 8, 16]) func finiteDifferences(block: Int) {
        let join = JoinCase(norm: NormCase(channelCount: 3, block: block, voxelCount: 7))
        // Far from where LeakyReLU bends: one channel above, one below, one above.
        let (scale, shift): ([Float], [Float]) = ([1.25, -0.75, -1], [12, -11, 12])
        let (input, skip) = (join.input, join.skip)
        let weight = ConvolutionCase.noise(join.norm.scalarCount, 13)
        func value(_ input: [Float], _ skip: [Float], _ scale: [Float], _ shift: [Float]) -> Double {
            zip(join.run(input, skip: skip, scale: scale, shift: shift).output, weight).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        let result = join.run(input, skip: skip, scale: scale, shift: shift, gradient: weight)
        let step: Float = 1 / 64
        /// The slope along one number of an argument.
        func slope(_ values: [Float], _ index: Int, _ value: ([Float]) -> Double) -> Double {
            var (up, down) = (values, values)
            up[index] += step
            down[index] -= step
            return (value(up) - value(down)) / (2 * Double(step))
        }
        for index in input.indices {
            let inputSlope = slope(input, index) { value($0, skip, scale, shift) }
            #expect(abs(inputSlope - Double(result.inputGradient[index])) <= 5e-3, "input \(index)")
            let skipSlope = slope(skip, index) { value(input, $0, scale, shift) }
            #expect(abs(skipSlope - Double(result.skipGradient[index])) <= 5e-3, "skip \(index)")
        }
        for channel in scale.indices {
            let scaleSlope = slope(scale, channel) { value(input, skip, $0, shift) }
            #expect(abs(scaleSlope - Double(result.scaleGradient[channel])) <= 5e-3, "scale \(channel)")
            let shiftSlope = slope(shift, channel) { value(input, skip, scale, $0) }
            #expect(abs(shiftSlope - Double(result.shiftGradient[channel])) <= 5e-3, "shift \(channel)")
        }
    }

    @Test(
        "one thread and two give the same bits",
        arguments: (JoinCase.all + JoinCase.inBFloat16).filter { $0.norm.voxelCount > 2 })
    func threadsChangeNothing(join: JoinCase) {
        let (input, skip) = (join.input, join.skip)
        let gradient = ConvolutionCase.noise(join.norm.scalarCount, 11)
        let (one, two) = onOneAndTwoThreads {
            join.run(
                input, skip: skip, scale: join.norm.scale, shift: join.norm.shift, gradient: gradient, second: input)
        }
        #expect(bits(one.output) == bits(two.output))
        #expect(bits(one.inputGradient) == bits(two.inputGradient))
        #expect(bits(one.skipGradient) == bits(two.skipGradient))
        #expect(bits(one.scaleGradient) == bits(two.scaleGradient))
        #expect(bits(one.shiftGradient) == bits(two.shiftGradient))
    }

    /// Two tasks and a part, in both precisions; sums of whole numbers that bfloat16 holds.
    @Test("activations are added scalar by scalar", arguments: Precision.allCases.filter(\.isSupported))
    func sum(precision: Precision) {
        let count = 300_001
        let terms = (0..<count).map { Float($0 % 7) }
        let before = (0..<count).map { Float($0 % 5 - 2) }
        let source = StoredActivations(AlignedBuffer(terms), precision)
        let target = StoredActivations(AlignedBuffer(before), precision)
        withExtendedLifetime((source, target)) {
            ActivationSum.add(
                source.pointer, to: target.pointer, byteCount: count * precision.byteCount, precision: precision)
        }
        let sums = zip(terms, before).map { $0 + $1 }
        #expect(target.values.array == sums)
        #expect(source.values.array == terms)
    }

    private func worst(_ values: [Float], _ expected: [Double], size: (Int) -> Double) -> Double {
        guard values.count == expected.count, values.allSatisfy(\.isFinite) else { return .infinity }
        return values.indices.reduce(0) { max($0, abs(Double(values[$1]) - expected[$1]) / max(1, size($1))) }
    }
}
