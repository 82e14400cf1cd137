import Kernels
import Tensors
import Testing

/// A pooling, and the numbers that a test puts in.
struct PoolingCase: CustomTestStringConvertible, Sendable {
    var batchSize = 2
    var channelCount: Int
    var block: Int
    var size: [Int]
    var stride: [Int]
    var precision = Precision.fp32

    var testDescription: String {
        "\(size) by \(stride), \(channelCount) channels in blocks of \(block), \(precision)"
    }

    /// Flat and uneven strides, maps that end in one voxel, channels that fill their blocks and that do not, more than a
    /// task's voxels.
    static let all: [PoolingCase] = Precision.allCases.filter(\.isSupported).flatMap { precision in
        (precision == .fp32 ? [1, 8, 16] : [16]).flatMap { block in
            sizes.map { size, stride in
                PoolingCase(
                    channelCount: size[0] == 4 ? 32 : 19, block: block, size: size, stride: stride, precision: precision
                )
            }
        }
    }
    private static let sizes: [([Int], [Int])] = [
        ([2, 2, 2], [2, 2, 2]), ([3, 6, 10], [1, 2, 2]), ([4, 3, 5], [2, 1, 1]), ([6, 4, 9], [2, 4, 3]),
        ([1, 2, 4], [1, 1, 2]), ([8, 34, 36], [2, 2, 2]),
    ]

    var outputSize: [Int] { zip(size, stride).map { $0 / $1 } }
    func noise(_ size: [Int], _ index: Int) -> [Float] {
        ConvolutionCase.noise(batchSize * channelCount * size.reduce(1, *), index).map(precision.rounded)
    }

    /// Calls `body` with the place of every input scalar and of the output that it belongs to.
    func forEachPair(_ body: (_ input: Int, _ output: Int) -> Void) {
        let outer = outputSize
        for slab in 0..<batchSize * channelCount {
            for d in 0..<size[0] {
                for h in 0..<size[1] {
                    for w in 0..<size[2] {
                        let (i, j, k) = (d / stride[0], h / stride[1], w / stride[2])
                        body(
                            ((slab * size[0] + d) * size[1] + h) * size[2] + w,
                            ((slab * outer[0] + i) * outer[1] + j) * outer[2] + k)
                    }
                }
            }
        }
    }

    func stored(_ values: [Float], _ size: [Int]) -> StoredActivations {
        StoredActivations(ConvolutionCase.blocked(values, batchSize, channelCount, size, block), precision)
    }
    func plain(_ stored: StoredActivations, _ size: [Int]) -> [Float] {
        ConvolutionCase.plain(stored.values, batchSize, channelCount, size, block)
    }

    func forward(_ input: [Float]) -> [Float] {
        let (x, y) = (stored(input, size), stored(noise(outputSize, 0).map { _ in .nan }, outputSize))
        return withExtendedLifetime((x, y)) {
            pooling.forward(x.pointer, y.pointer)
            return plain(y, outputSize)
        }
    }

    /// - Parameter before: what the gradient of the input holds, which the pooling adds to; nil: it replaces.
    func backward(_ gradient: [Float], before: [Float]? = nil) -> [Float] {
        let (dy, dx) = (stored(gradient, outputSize), stored(before ?? noise(size, 0).map { _ in .nan }, size))
        return withExtendedLifetime((dy, dx)) {
            pooling.backward(dy.pointer, dx.pointer, adding: before != nil)
            return plain(dx, size)
        }
    }

    private var pooling: AveragePooling {
        AveragePooling(
            batchSize: batchSize, channelCount: channelCount, block: block, inputSize: size, stride: stride,
            precision: precision)
    }
}

@Suite struct AveragePoolingTests {
    /// Two channels of 1×2×4 voxels, boxes of 1×2×2.
    @Test(arguments: [1, 8, 16]) func byHand(block: Int) {
        let pooling = PoolingCase(batchSize: 1, channelCount: 2, block: block, size: [1, 2, 4], stride: [1, 2, 2])
        let input: [Float] = [1, 2, 5, 5, 3, 6, 7, 3, 0, 0, -4, 0, 0, 8, 0, 0]
        #expect(pooling.forward(input) == [3, 5, 2, -1])
        let gradient: [Float] = [4, 8, -4, 0]
        #expect(pooling.backward(gradient) == [1, 1, 2, 2, 1, 1, 2, 2, -1, -1, 0, 0, -1, -1, 0, 0])
        let added = pooling.backward(gradient, before: input)
        #expect(added == [2, 3, 7, 7, 4, 7, 9, 5, -1, -1, -4, 0, -1, 7, 0, 0])
    }

    @Test("every output is the mean of its box, every input gets its share", arguments: PoolingCase.all)
    func agreesWithTheDefinition(pooling: PoolingCase) {
        let rounding = pooling.precision.roundingError + 1e-6
        let volume = Float(pooling.stride.reduce(1, *))
        let (input, gradient) = (pooling.noise(pooling.size, 40), pooling.noise(pooling.outputSize, 41))
        var means = [Float](repeating: 0, count: gradient.count)
        var sizes = means
        var shares = [Float](repeating: 0, count: input.count)
        pooling.forEachPair { from, to in
            means[to] += input[from] / volume
            sizes[to] += abs(input[from]) / volume
            shares[from] = gradient[to] / volume
        }
        let output = pooling.forward(input)
        #expect(areClose(output, means, rounding, sizes))
        let replaced = pooling.backward(gradient)
        #expect(areClose(replaced, shares, rounding, shares))
        let added = pooling.backward(gradient, before: input)
        let sums = zip(input, shares).map { $0 + $1 }
        let sumSizes = zip(input, shares).map { abs($0) + abs($1) }
        #expect(areClose(added, sums, rounding, sumSizes))
    }

    /// Whether every value is right up to a share of what its terms amount to.
    private func areClose(_ values: [Float], _ expected: [Float], _ tolerance: Float, _ sizes: [Float]) -> Bool {
        guard values.count == expected.count else { return false }
        for index in values.indices where !(abs(values[index] - expected[index]) <= tolerance * abs(sizes[index])) {
            return false
        }
        return true
    }

    @Test("one thread and two give the same bits") func threadsChangeNothing() {
        let pooling = PoolingCase(channelCount: 19, block: 16, size: [8, 34, 36], stride: [2, 2, 2])
        let (input, gradient) = (pooling.noise(pooling.size, 42), pooling.noise(pooling.outputSize, 43))
        let (one, two) = onOneAndTwoThreads { pooling.forward(input) + pooling.backward(gradient, before: input) }
        #expect(bits(one) == bits(two))
    }
}
