import Kernels
import Tensors
import Testing
import Threads

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

    /// Scratch memory is for the threads that the convolution was compiled on.
    @Test("Convolutions compiled on one thread compute on two", arguments: [[2, 2, 2], [4, 4, 4], [8, 8, 8]])
    func compiledOnOneThread(size: [Int]) throws {
        let whole = ConvolutionCase.make(13, 32, 64, size, [3, 3, 3], [1, 1, 1])
        let count = Threads.count
        defer { Threads.setCount(count) }
        Threads.setCount(1)
        let convolution = try Engine.oneDNN.makeConvolution(whole.shape)
        convolution.setWeights(whole.weights)
        let input = ConvolutionCase.blocked(
            ConvolutionCase.noise(whole.inputCount, 0), 13, 32, size, Engine.oneDNN.channelBlock)
        let border = 4096
        let outputs = [1, 2].map { threads in
            Threads.setCount(threads)
            let output = AlignedBuffer<Float>(count: whole.outputCount)
            let scratch = AlignedBuffer<UInt8>(Array(repeating: 0xA5, count: convolution.scratchByteCount + border))
            convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer)
            #expect(scratch.array.suffix(border).allSatisfy { $0 == 0xA5 })
            return output.array
        }
        #expect(bits(outputs[0]) == bits(outputs[1]))
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

    /// Winograd computes the first one, oneDNN the second; where they have a gradient, it goes along links.
    @Test("Weights are shared with a convolution whose gradient or time goes elsewhere", arguments: [1, 2])
    func sharedWeights(stride: Int) throws {
        let whole = ConvolutionCase.make(2, 32, 32, [6, 6, 6], [3, 3, 3], [stride, stride, stride])
        var shape = whole.shape
        shape.needsBackward = false
        let owner = try Engine.oneDNN.makeConvolution(whole.shape)
        owner.setWeights(whole.weights)
        let input = ConvolutionCase.blocked(
            ConvolutionCase.noise(whole.inputCount, 0), 2, 32, shape.inputSize, Engine.oneDNN.channelBlock)
        func output(_ convolution: any Convolution) -> [Float] {
            let output = AlignedBuffer<Float>(count: whole.outputCount)
            let scratch = AlignedBuffer<UInt8>(count: convolution.scratchByteCount)
            convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer)
            return output.array
        }
        for profile in [nil, StepProfile()] {
            let consumer = try Engine.oneDNN.makeConvolution(shape, profile: profile)
            #expect(consumer.shareWeights(of: owner))
            #expect(bits(output(consumer)) == bits(output(owner)))
        }
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
