import Kernels
import Tensors
import Testing

struct HeadCase: CustomTestStringConvertible, Sendable {
    var batchSize: Int
    var channelCount: Int
    var headCount: Int
    var block: Int
    var voxelCount: Int
    var precision = Precision.fp32

    var testDescription: String {
        "\(batchSize)×\(channelCount)→\(headCount) in blocks of \(block), \(voxelCount) voxels, \(precision)"
    }

    /// One voxel, less than a tile, one more than a tile, more than a chunk.
    static let all: [HeadCase] = [1, 8, 16].flatMap { block in
        [(3, 19, 2, 1), (300, 5, 3, 7), (2, 16, 5, 65), (2, 20, 3, 4097), (1, 33, 1, 9000)].map {
            HeadCase(batchSize: $0.0, channelCount: $0.1, headCount: $0.2, block: block, voxelCount: $0.3)
        }
    }

    /// The same sizes in bfloat16, where the CPU has it.
    static let inBFloat16: [HeadCase] =
        Precision.bf16.isSupported
        ? all.filter { $0.block == 16 }.map { fp32 in
            var result = fp32
            result.precision = .bf16
            return result
        } : []

    var featureCount: Int { batchSize * channelCount * voxelCount }
    var logitCount: Int { batchSize * headCount * voxelCount }
    var features: [Float] { ConvolutionCase.noise(featureCount, 20).map(precision.rounded) }
    var weights: [Float] { ConvolutionCase.noise(headCount * channelCount, 21) }
    var bias: [Float] { ConvolutionCase.noise(headCount, 22) }
    var logitGradient: [Float] { ConvolutionCase.noise(logitCount, 23) }

    struct Result {
        var logits: [Float] = []
        var featureGradient: [Float] = []
        var weightGradient: [Float] = []
        var biasGradient: [Float] = []
        /// Scalars of the features' gradient that differ from 0, those of channels and those beyond.
        var nonZeroCount = 0
    }

    /// - Parameter before: what the features' gradient holds already; replaced where absent.
    func run(
        _ features: [Float], _ weights: [Float], _ bias: [Float], logitGradient: [Float], before: [Float]? = nil
    ) -> Result {
        let head = SegmentationHead(
            batchSize: batchSize, channelCount: channelCount, headCount: headCount, block: block,
            voxelCount: voxelCount, precision: precision)
        let size = [1, 1, voxelCount]
        func stored(_ values: [Float]) -> StoredActivations {
            StoredActivations(ConvolutionCase.blocked(values, batchSize, channelCount, size, block), precision)
        }
        let x = stored(features)
        let z = AlignedBuffer(Array(repeating: Float.nan, count: logitCount))
        let dz = AlignedBuffer(logitGradient)
        let dx: StoredActivations
        if let before {
            dx = stored(before)
        } else {
            let poison = AlignedBuffer<Float>(count: x.values.count)
            poison.fill(.nan)
            dx = StoredActivations(poison, precision)
        }
        let dw = AlignedBuffer(Array(repeating: Float.nan, count: headCount * channelCount))
        let db = AlignedBuffer(Array(repeating: Float.nan, count: headCount))
        head.setParameters(weights: weights, bias: bias)
        head.forward(x.pointer, z.pointer)
        head.backwardWeights(x.pointer, dz.pointer, weightGradient: dw.pointer, biasGradient: db.pointer)
        head.backwardData(dz.pointer, dx.pointer, accumulate: before != nil)
        let featureGradient = dx.values
        return Result(
            logits: z.array,
            featureGradient: ConvolutionCase.plain(featureGradient, batchSize, channelCount, size, block),
            weightGradient: dw.array, biasGradient: db.array, nonZeroCount: featureGradient.array.count { $0 != 0 })
    }
}

@Suite struct SegmentationHeadTests {
    @Test(
        "logits and gradients are the definition's, over poisoned outputs",
        arguments: HeadCase.all + HeadCase.inBFloat16)
    func agreesWithTheDefinition(head: HeadCase) {
        let (x, w, b, dz) = (head.features, head.weights, head.bias, head.logitGradient)
        let (voxels, channels, heads) = (head.voxelCount, head.channelCount, head.headCount)
        var logits = [Double](repeating: 0, count: head.logitCount)
        var dx = [Double](repeating: 0, count: head.featureCount)
        var dw = [Double](repeating: 0, count: heads * channels)
        var db = [Double](repeating: 0, count: heads)
        for sample in 0..<head.batchSize {
            for h in 0..<heads {
                for s in 0..<voxels {
                    let gradient = Double(dz[(sample * heads + h) * voxels + s])
                    var sum = Double(b[h])
                    for c in 0..<channels {
                        let place = (sample * channels + c) * voxels + s
                        sum += Double(w[h * channels + c]) * Double(x[place])
                        dx[place] += Double(w[h * channels + c]) * gradient
                        dw[h * channels + c] += gradient * Double(x[place])
                    }
                    logits[(sample * heads + h) * voxels + s] = sum
                    db[h] += gradient
                }
            }
        }
        let result = head.run(x, w, b, logitGradient: dz)
        expectClose(result.logits, logits, 1e-5, "logits")
        let rounding = 1e-5 + Double(head.precision.roundingError)
        expectClose(result.featureGradient, dx, rounding, "gradient of the features")
        // Sums of so many products of size 1: errors grow with the root of their number.
        let terms = (Double(head.batchSize * voxels)).squareRoot()
        expectClose(result.weightGradient, dw, 1e-6 * terms, "gradient of the weights")
        expectClose(result.biasGradient, db, 1e-6 * terms, "gradient of the bias")
        #expect(
            result.nonZeroCount == result.featureGradient.count { $0 != 0 }, "lanes beyond the last channel are not 0")

        let added = head.run(x, w, b, logitGradient: dz, before: x)
        expectClose(added.featureGradient, zip(dx, x).map { $0 + Double($1) }, rounding, "added gradient")
        #expect(added.nonZeroCount == added.featureGradient.count { $0 != 0 })
    }

    /// Features 1, 2 and 3, 4; weights 1, 10 and −1, 0; bias ½ and 2.
    @Test(arguments: [1, 8, 16]) func twoVoxelsByHand(block: Int) {
        let head = HeadCase(batchSize: 1, channelCount: 2, headCount: 2, block: block, voxelCount: 2)
        let result = head.run([1, 2, 3, 4], [1, 10, -1, 0], [0.5, 2], logitGradient: [1, 2, 3, 4])
        #expect(result.logits == [31.5, 42.5, 1, 0])
        #expect(result.featureGradient == [-2, -2, 10, 20])  // 1 − 3, 2 − 4
        #expect(result.weightGradient == [5, 11, 11, 25])  // 1 + 4, 3 + 8, 3 + 8, 9 + 16
        #expect(result.biasGradient == [3, 7])
    }

    /// The layer is linear in each of its operands, so differences of any step are exact.
    @Test("gradients are finite differences", arguments: [1, 8, 16]) func finiteDifferences(block: Int) {
        let head = HeadCase(batchSize: 2, channelCount: 3, headCount: 2, block: block, voxelCount: 3)
        let (x, w, b, dz) = (head.features, head.weights, head.bias, head.logitGradient)
        func value(_ x: [Float], _ w: [Float], _ b: [Float]) -> Double {
            zip(head.run(x, w, b, logitGradient: dz).logits, dz).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let (result, start) = (head.run(x, w, b, logitGradient: dz), value(x, w, b))
        func expectSlopes(_ operand: [Float], _ gradient: [Float], _ value: ([Float]) -> Double) {
            for index in operand.indices {
                var moved = operand
                moved[index] += 1
                #expect(abs(value(moved) - start - Double(gradient[index])) <= 1e-5)
            }
        }
        expectSlopes(x, result.featureGradient) { value($0, w, b) }
        expectSlopes(w, result.weightGradient) { value(x, $0, b) }
        expectSlopes(b, result.biasGradient) { value(x, w, $0) }
    }

    @Test("one thread and two give the same bits", arguments: HeadCase.all + HeadCase.inBFloat16)
    func threadsChangeNothing(head: HeadCase) {
        let (one, two) = onOneAndTwoThreads {
            head.run(head.features, head.weights, head.bias, logitGradient: head.logitGradient)
        }
        #expect(bits(one.logits) == bits(two.logits))
        #expect(bits(one.featureGradient) == bits(two.featureGradient))
        #expect(bits(one.weightGradient) == bits(two.weightGradient))
        #expect(bits(one.biasGradient) == bits(two.biasGradient))
    }

    private func expectClose(_ values: [Float], _ expected: [Double], _ tolerance: Double, _ what: String) {
        #expect(values.count == expected.count && values.allSatisfy { $0.isFinite })
        let difference = zip(values, expected).map { abs(Double($0) - $1) }.max() ?? 0
        let largest = expected.map { abs($0) }.max() ?? 0
        #expect(difference <= tolerance * max(1, largest), "\(what): \(difference) of \(largest)")
    }
}
