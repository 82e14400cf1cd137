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
