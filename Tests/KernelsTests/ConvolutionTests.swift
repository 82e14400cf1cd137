import Kernels
import Tensors
import Testing

/// A convolution on both engines, in plain layouts. The reference engine computes in float32, on the values that the
/// shape's precision can hold.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
    var shape: ConvolutionShape
    var testDescription: String {
        "\(shape.batchSize)×\(shape.inputChannelCount)→\(shape.outputChannelCount) on \(shape.inputSize), kernel \(shape.kernel), stride \(shape.stride)\(shape.isTransposed ? ", transposed" : "")\(shape.isFirst ? ", first" : "")\(shape.accumulates ? ", adding" : "")\(shape.precision == .bf16 ? ", bf16" : "")"
    }

    static func make(
        _ n: Int, _ ic: Int, _ oc: Int, _ size: [Int], _ kernel: [Int], _ stride: [Int], transposed: Bool = false,
        first: Bool = false, accumulates: Bool = false, of whole: Int? = nil
    ) -> ConvolutionCase {
        ConvolutionCase(
            shape: ConvolutionShape(
                batchSize: n, inputChannelCount: ic, outputChannelCount: oc, inputSize: size, kernel: kernel,
                stride: stride, isTransposed: transposed, isFirst: first, accumulates: accumulates,
                weightInputChannelCount: whole))
    }

    static let all = various + small

    private static let various: [ConvolutionCase] = [
        make(2, 16, 32, [5, 7, 6], [3, 3, 3], [1, 1, 1]),
        make(1, 16, 16, [1, 1, 1], [3, 3, 3], [1, 1, 1]),
        make(3, 32, 16, [2, 1, 1], [3, 3, 3], [1, 1, 1]),
        make(3, 16, 32, [2, 2, 1], [3, 3, 3], [1, 1, 1]),
        make(2, 16, 32, [2, 2, 2], [3, 3, 3], [2, 2, 2]),
        make(2, 16, 16, [4, 5, 6], [1, 3, 3], [1, 2, 2]),
        make(2, 32, 16, [2, 4, 6], [3, 3, 3], [1, 1, 1]),
        make(5, 32, 32, [2, 2, 2], [3, 3, 3], [1, 1, 1]),
        make(1, 20, 16, [5, 2, 4], [3, 3, 3], [1, 1, 1]),
        make(1, 16, 16, [4, 6, 2], [3, 3, 3], [2, 2, 2]),
        make(1, 16, 16, [1, 9, 9], [3, 3, 3], [1, 2, 2]),
        make(1, 20, 12, [3, 4, 5], [3, 3, 3], [1, 1, 1]),
        make(2, 1, 32, [6, 5, 7], [3, 3, 3], [1, 1, 1], first: true),
        make(2, 3, 16, [4, 4, 4], [3, 3, 3], [1, 1, 1], first: true),
        make(1, 5, 24, [4, 3, 4], [1, 3, 3], [1, 1, 1], first: true),
        make(2, 16, 16, [4, 3, 5], [3, 3, 3], [1, 1, 1], accumulates: true, of: 32),
        make(3, 32, 48, [9, 4, 11], [3, 3, 3], [1, 1, 1]),
        make(2, 48, 32, [7, 8, 3], [3, 3, 3], [1, 1, 1], accumulates: true, of: 64),
        make(2, 80, 64, [16, 15, 10], [3, 3, 3], [1, 1, 1]),
        make(2, 32, 16, [2, 3, 2], [2, 2, 2], [2, 2, 2], transposed: true),
        make(1, 16, 24, [3, 2, 2], [1, 2, 2], [1, 2, 2], transposed: true),
        make(2, 48, 16, [1, 1, 1], [2, 2, 2], [2, 2, 2], transposed: true),
    ]

    /// Maps whose links are few: one sample and many, halves of panels, parts of wider weights, strides that skip voxels,
    /// and those where only the gradient of the weights runs along links.
    static let small: [ConvolutionCase] = [
        make(13, 48, 80, [2, 2, 2], [3, 3, 3], [1, 1, 1]),
        make(25, 16, 32, [1, 1, 1], [3, 3, 3], [1, 1, 1]),
        make(1, 32, 48, [1, 2, 3], [3, 3, 3], [1, 1, 1]),
        make(4, 16, 32, [2, 2, 2], [3, 3, 3], [1, 1, 1], accumulates: true, of: 48),
        make(3, 32, 64, [4, 4, 4], [3, 3, 3], [2, 2, 2]),
        make(2, 16, 16, [3, 4, 2], [1, 1, 1], [2, 2, 2]),
        make(9, 16, 16, [2, 4, 3], [1, 3, 3], [1, 2, 2]),
        make(13, 32, 16, [1, 2, 2], [1, 2, 2], [1, 2, 2], transposed: true),
        make(3, 16, 48, [2, 2, 2], [2, 2, 2], [2, 2, 2], transposed: true),
        make(40, 32, 16, [6, 5, 4], [3, 3, 3], [2, 2, 2]),
        make(3, 32, 48, [3, 3, 2], [2, 2, 2], [2, 2, 2], transposed: true),
        make(2, 32, 32, [4, 4, 4], [3, 3, 3], [1, 1, 1]),
    ]

    /// The same in bfloat16, where the CPU has it.
    static let inBFloat16: [ConvolutionCase] =
        Precision.bf16.isSupported
        ? all.map { fp32 in
            var result = fp32
            result.shape.precision = .bf16
            return result
        } : []

    struct Result {
        var output: [Float]
        var inputGradient: [Float]
        var weightGradient: [Float]
    }

    static func noise(_ count: Int, _ index: Int) -> [Float] {
        var stream = RandomStream(seed: 3, purpose: .test, index: index)
        return (0..<count).map { _ in stream.normal() }
    }

    var inputCount: Int { shape.batchSize * shape.inputChannelCount * shape.inputSize.reduce(1, *) }
    var outputCount: Int { shape.batchSize * shape.outputChannelCount * shape.outputSize.reduce(1, *) }
    var weightCount: Int {
        let first = shape.isTransposed ? shape.inputChannelCount : shape.outputChannelCount
        let second = shape.isTransposed ? shape.outputChannelCount : shape.weightInputChannelCount
        return first * second * shape.kernel.reduce(1, *)
    }
    /// Noise that an activation can hold.
    private func activations(_ count: Int, _ index: Int) -> [Float] {
        Self.noise(count, index).map(shape.precision.rounded)
    }
    var weights: [Float] { Self.noise(weightCount, 1).map { shape.precision.rounded($0 * 0.2) } }

    func run(_ engine: Engine) throws -> Result {
        var compiled = shape
        if engine == .openBLAS { compiled.precision = .fp32 }
        let convolution = try engine.makeConvolution(compiled)
        let block = engine.channelBlock
        func stored(_ buffer: AlignedBuffer<Float>) -> StoredActivations {
            StoredActivations(buffer, compiled.precision)
        }
        let scratch = AlignedBuffer<UInt8>(count: convolution.scratchByteCount)
        let inputBlock = shape.isFirst ? 1 : block
        let image = Self.blocked(
            activations(inputCount, 0), shape.batchSize, shape.inputChannelCount, shape.inputSize, inputBlock)
        let input = StoredActivations(image, shape.isFirst ? .fp32 : compiled.precision)
        let output = stored(
            Self.blocked(
                shape.accumulates ? activations(outputCount, 4) : Array(repeating: .nan, count: outputCount),
                shape.batchSize, shape.outputChannelCount, shape.outputSize, block))
        let gradient = stored(
            Self.blocked(
                activations(outputCount, 2), shape.batchSize, shape.outputChannelCount, shape.outputSize, block))
        let poison = AlignedBuffer<Float>(count: image.count)
        poison.fill(.nan)
        let inputGradient = stored(poison)
        let weightGradient = AlignedBuffer(Array(repeating: Float.nan, count: weightCount))
        convolution.setWeights(weights)
        convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer)
        if !shape.isFirst {
            convolution.backwardData(gradient.pointer, inputGradient.pointer, scratch: scratch.pointer)
        }
        convolution.backwardWeights(
            input.pointer, gradient.pointer, weightGradient.pointer, scratch: scratch.pointer)
        return Result(
            output: Self.plain(output.values, shape.batchSize, shape.outputChannelCount, shape.outputSize, block),
            inputGradient: shape.isFirst
                ? []
                : Self.plain(inputGradient.values, shape.batchSize, shape.inputChannelCount, shape.inputSize, block),
            weightGradient: weightGradient.array)
    }

    static func place(_ n: Int, _ c: Int, _ s: Int, _ channels: Int, _ voxels: Int, _ block: Int) -> Int {
        ((n * ((channels + block - 1) / block) + c / block) * voxels + s) * block + c % block
    }

    static func blocked(_ values: [Float], _ n: Int, _ c: Int, _ size: [Int], _ block: Int) -> AlignedBuffer<Float> {
        let voxels = size.reduce(1, *)
        let buffer = AlignedBuffer<Float>(count: n * ((c + block - 1) / block * block) * voxels)
        for i in 0..<n {
            for k in 0..<c {
                for s in 0..<voxels {
                    buffer.pointer[place(i, k, s, c, voxels, block)] = values[(i * c + k) * voxels + s]
                }
            }
        }
        return buffer
    }

    static func plain(_ buffer: AlignedBuffer<Float>, _ n: Int, _ c: Int, _ size: [Int], _ block: Int) -> [Float] {
        let voxels = size.reduce(1, *)
        var values: [Float] = []
        for i in 0..<n {
            for k in 0..<c {
                for s in 0..<voxels { values.append(buffer.pointer[place(i, k, s, c, voxels, block)]) }
            }
        }
        return values
    }
}

@Suite struct ConvolutionTests {
    @Test("oneDNN agrees with the reference engine, over poisoned outputs", arguments: ConvolutionCase.all)
    func oneDNNAgreesWithTheReference(convolution: ConvolutionCase) throws {
        let (fast, reference) = (try convolution.run(.oneDNN), try convolution.run(.openBLAS))
        expectClose(fast.output, reference.output, "output")
        expectClose(fast.inputGradient, reference.inputGradient, "gradient of the input")
        // A view into wider weights leaves the rest alone.
        let written = reference.weightGradient.indices.filter { !reference.weightGradient[$0].isNaN }
        #expect(written == fast.weightGradient.indices.filter { !fast.weightGradient[$0].isNaN })
        expectClose(written.map { fast.weightGradient[$0] }, written.map { reference.weightGradient[$0] }, "weights")
    }

    @Test("bfloat16 agrees with the reference engine up to its rounding", arguments: ConvolutionCase.inBFloat16)
    func bfloat16AgreesWithTheReference(convolution: ConvolutionCase) throws {
        let (fast, reference) = (try convolution.run(.oneDNN), try convolution.run(.openBLAS))
        let written = reference.weightGradient.indices.filter { !reference.weightGradient[$0].isNaN }
        #expect(written == fast.weightGradient.indices.filter { !fast.weightGradient[$0].isNaN })
        let weights = (written.map { fast.weightGradient[$0] }, written.map { reference.weightGradient[$0] })
        let rounding = Precision.bf16.roundingError
        if try Engine.oneDNN.makeConvolution(convolution.shape).algorithm == .winograd {
            // Both factors of each product are rounded, and the sum over frequencies has 4.6 times the variance of the
            // result, more beside padding: noise of about a rounding's largest error.
            expectNoise(fast.output, reference.output, "output", atMost: 2 * rounding)
            expectNoise(fast.inputGradient, reference.inputGradient, "gradient of the input", atMost: 2 * rounding)
            expectNoise(weights.0, weights.1, "weights", atMost: 2 * rounding)
        } else {
            // Sums are float32; the result is rounded once, and once more where it is added to another.
            expectClose(fast.output, reference.output, "output", rounding: rounding)
            expectClose(fast.inputGradient, reference.inputGradient, "gradient of the input", rounding: rounding)
            expectClose(weights.0, weights.1, "weights")
        }
    }

    @Test("the reference engine refuses bfloat16") func referenceIsFloat32() throws {
        let shape = ConvolutionShape(
            batchSize: 1, inputChannelCount: 16, outputChannelCount: 16, inputSize: [3, 3, 3], kernel: [3, 3, 3],
            stride: [1, 1, 1], precision: .bf16)
        #expect { try Engine.openBLAS.makeConvolution(shape) } throws: {
            "\($0)".contains("openblas does not compute in bf16")
        }
    }

    /// A convolution is linear in its input and in its weights, so its gradients must satisfy ⟨g, conv(x, w)⟩ =
    /// ⟨data gradient, x⟩ = ⟨weight gradient, w⟩.
    @Test("the reference engine's gradients are adjoint to its forward pass", arguments: ConvolutionCase.all)
    func gradientsAreAdjoint(convolution: ConvolutionCase) throws {
        var convolution = convolution
        convolution.shape.accumulates = false
        convolution.shape.weightInputChannelCount = convolution.shape.inputChannelCount
        let result = try convolution.run(.openBLAS)
        let gradient = ConvolutionCase.noise(convolution.outputCount, 2)
        let forward = dot(gradient, result.output)
        #expect(abs(dot(result.weightGradient, convolution.weights) - forward) <= 1e-4 * max(1, abs(forward)))
        if !convolution.shape.isFirst {
            let input = ConvolutionCase.noise(convolution.inputCount, 0)
            #expect(abs(dot(result.inputGradient, input) - forward) <= 1e-4 * max(1, abs(forward)))
        }
    }

    @Test("Winograd's bits do not depend on the number of threads", arguments: [(32, 48), (80, 64)])
    func bitsOnThreads(inner: Int, outer: Int) throws {
        let convolution = ConvolutionCase.make(2, inner, outer, [16, 15, 10], [3, 3, 3], [1, 1, 1])
        let (one, two) = try onOneAndTwoThreads { try convolution.run(.oneDNN) }
        #expect(bits(one.output) == bits(two.output))
        #expect(bits(one.inputGradient) == bits(two.inputGradient))
        #expect(bits(one.weightGradient) == bits(two.weightGradient))
    }

    @Test("links' bits do not depend on the number of threads", arguments: ConvolutionCase.small)
    func bitsOfLinksOnThreads(convolution: ConvolutionCase) throws {
        var convolution = convolution
        for precision in Engine.oneDNN.precisions {
            convolution.shape.precision = precision
            let (one, two) = try onOneAndTwoThreads { try convolution.run(.oneDNN) }
            #expect(bits(one.output) == bits(two.output))
            #expect(bits(one.inputGradient) == bits(two.inputGradient))
            #expect(bits(one.weightGradient) == bits(two.weightGradient))
        }
    }

    @Test(
        "The shape decides how a convolution is computed",
        arguments: [
            ([3, 3, 3], [1, 1, 1], 32, [5, 6, 7], ConvolutionAlgorithm.winograd),
            ([3, 3, 3], [1, 1, 1], 256, [16, 16, 16], .winograd),
            ([3, 3, 3], [1, 1, 1], 32, [4, 4, 4], .winograd),
            // Few tiles for weights that no cache holds; a stride; a flat kernel; one voxel's tiles mostly outside; few
            // voxels.
            ([3, 3, 3], [1, 1, 1], 256, [5, 6, 7], .oneDNN),
            ([3, 3, 3], [2, 2, 2], 32, [6, 6, 6], .oneDNN),
            ([1, 3, 3], [1, 1, 1], 32, [5, 6, 7], .oneDNN),
            ([3, 3, 3], [1, 1, 1], 32, [1, 1, 9], .oneDNN),
            ([3, 3, 3], [1, 1, 1], 32, [2, 2, 2], .links),
            ([3, 3, 3], [1, 1, 1], 32, [2, 2, 1], .links),
            ([3, 3, 3], [2, 2, 2], 32, [2, 2, 2], .links),
            ([3, 3, 3], [2, 2, 2], 32, [4, 4, 3], .links),
            // Links come in blocks of 16 channels.
            ([3, 3, 3], [1, 1, 1], 24, [2, 2, 2], .taps),
        ])
    func algorithm(
        kernel: [Int], stride: [Int], channels: Int, size: [Int], expected: ConvolutionAlgorithm
    ) throws {
        let convolution = ConvolutionCase.make(1, channels, channels, size, kernel, stride)
        let hasBlocksOf16 = Engine.oneDNN.channelBlock == 16
        let found = try Engine.oneDNN.makeConvolution(convolution.shape).algorithm
        let otherwise: ConvolutionAlgorithm = size.reduce(1, *) <= 8 ? .taps : .oneDNN
        #expect(found == (hasBlocksOf16 ? expected : otherwise))
    }

    /// One channel, a row of three voxels, taps 1, 2, 3 along W: padded sums worked by hand.
    @Test(arguments: Engine.allCases) func threeVoxelsByHand(engine: Engine) throws {
        let shape = ConvolutionShape(
            batchSize: 1, inputChannelCount: 1, outputChannelCount: 1, inputSize: [1, 1, 3], kernel: [1, 1, 3],
            stride: [1, 1, 1], isFirst: true)
        let convolution = try engine.makeConvolution(shape)
        let scratch = AlignedBuffer<UInt8>(count: convolution.scratchByteCount)
        let input = AlignedBuffer<Float>([10, 20, 30])
        let output = ConvolutionCase.blocked([.nan, .nan, .nan], 1, 1, [1, 1, 3], engine.channelBlock)
        convolution.setWeights([1, 2, 3])
        convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer)
        // 2·10 + 3·20, 1·10 + 2·20 + 3·30, 1·20 + 2·30
        #expect(ConvolutionCase.plain(output, 1, 1, [1, 1, 3], engine.channelBlock) == [80, 140, 80])
    }

    /// Of 16 channels only one in and one out, a row of two voxels, taps 1, 2, 3 along W, worked by hand.
    @Test(arguments: Engine.allCases) func twoVoxelsByHand(engine: Engine) throws {
        let shape = ConvolutionShape(
            batchSize: 1, inputChannelCount: 16, outputChannelCount: 16, inputSize: [1, 1, 2], kernel: [1, 1, 3],
            stride: [1, 1, 1])
        let convolution = try engine.makeConvolution(shape)
        let scratch = AlignedBuffer<UInt8>(count: convolution.scratchByteCount)
        func row(_ channel: Int, _ first: Float, _ second: Float) -> AlignedBuffer<Float> {
            let values = (0..<32).map { $0 == 2 * channel ? first : $0 == 2 * channel + 1 ? second : 0 }
            return ConvolutionCase.blocked(values, 1, 16, [1, 1, 2], engine.channelBlock)
        }
        func values(_ buffer: AlignedBuffer<Float>, channel: Int) -> [Float] {
            Array(ConvolutionCase.plain(buffer, 1, 16, [1, 1, 2], engine.channelBlock)[2 * channel..<2 * channel + 2])
        }
        // From channel 5 to channel 3.
        let place = (3 * 16 + 5) * 3
        var weights = [Float](repeating: 0, count: 16 * 16 * 3)
        weights.replaceSubrange(place..<place + 3, with: [1, 2, 3])
        convolution.setWeights(weights)
        let (input, gradient) = (row(5, 10, 20), row(3, 1, 100))
        let (output, inputGradient) = (row(3, .nan, .nan), row(5, .nan, .nan))
        let weightGradient = AlignedBuffer<Float>(count: weights.count)
        convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer)
        convolution.backwardData(gradient.pointer, inputGradient.pointer, scratch: scratch.pointer)
        convolution.backwardWeights(
            input.pointer, gradient.pointer, weightGradient.pointer, scratch: scratch.pointer)
        // 2·10 + 3·20, 1·10 + 2·20
        #expect(values(output, channel: 3) == [80, 50])
        // 2·1 + 1·100, 3·1 + 2·100
        #expect(values(inputGradient, channel: 5) == [102, 203])
        // 100·10, 1·10 + 100·20, 1·20
        #expect(Array(weightGradient.array[place..<place + 3]) == [1000, 2010, 20])
    }

    private func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// The root mean square of the differences, in parts of that of `b`, and no difference far beyond it.
    private func expectNoise(_ a: [Float], _ b: [Float], _ what: String, atMost limit: Float) {
        #expect(a.count == b.count)
        let differences = zip(a, b).map { $0 - $1 }
        func size(_ values: [Float]) -> Double { (dot(values, values) / Double(values.count)).squareRoot() }
        let (noise, signal) = (size(differences), size(b))
        #expect(noise <= Double(limit) * signal, "\(what): \(noise / signal) of the result")
        #expect(differences.allSatisfy { Double(abs($0)) <= 8 * Double(limit) * signal }, "\(what)")
    }

    private func expectClose(_ a: [Float], _ b: [Float], _ what: String, rounding: Float = 0) {
        #expect(a.count == b.count)
        let largest = b.map { abs($0) }.max() ?? 0
        let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        #expect(
            difference <= (2e-5 + rounding) * max(1, largest) && a.allSatisfy(\.isFinite),
            "\(what): \(difference) of \(largest)")
    }
}
