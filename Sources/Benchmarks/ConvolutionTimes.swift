import Kernels
import Networks
import Tensors

/// The time of a step's convolutions alone, each on its own in oneDNN's blocked layouts: what remains of a step when
/// all else costs nothing.
public struct ConvolutionTimes: Sendable, Equatable {
    /// Seconds for the whole batch.
    public var forward = 0.0
    public var backwardData = 0.0
    public var backwardWeights = 0.0

    public var total: Double { forward + backwardData + backwardWeights }

    mutating func add(_ other: ConvolutionTimes, times factor: Double) {
        forward += other.forward * factor
        backwardData += other.backwardData * factor
        backwardWeights += other.backwardWeights * factor
    }
}

/// The convolutions of one shape in a step, by the engine and by oneDNN alone.
public struct ConvolutionComparison: Sendable {
    /// With the samples of one micro-batch.
    public let shape: ConvolutionShape
    /// How often a step computes it.
    public let count: Double
    public let algorithm: ConvolutionAlgorithm
    /// Seconds of one, by the engine.
    public let engine: ConvolutionTimes
    /// Seconds of one, by oneDNN.
    public let oneDNN: ConvolutionTimes

    /// Times every shape of a step on one micro-batch.
    ///
    /// The heads are left out, and each direction is the median of a few runs on the same buffers.
    ///
    /// - Throws: ``KernelError`` when oneDNN has no implementation of a shape.
    public static func measure(_ subject: BenchmarkSubject) throws(KernelError) -> [ConvolutionComparison] {
        try ConvolutionBench.forEachShape(of: subject) { bench, shape, count throws(KernelError) in
            let convolution = try subject.settings.engine.makeConvolution(shape)
            return ConvolutionComparison(
                shape: shape, count: count, algorithm: convolution.algorithm, engine: bench.measure(convolution),
                oneDNN: bench.measure(try Engine.makeOneDNNConvolution(shape)))
        }
    }
}

extension ConvolutionTimes {
    /// Times every convolution of a step in oneDNN on one micro-batch, and counts it as often as the batch needs.
    ///
    /// The heads are left out, and each direction is the median of a few runs on the same buffers.
    ///
    /// - Throws: ``KernelError`` when oneDNN has no implementation of a shape.
    public static func measure(_ subject: BenchmarkSubject) throws(KernelError) -> ConvolutionTimes {
        var total = ConvolutionTimes()
        let parts = try ConvolutionBench.forEachShape(of: subject) { bench, shape, count throws(KernelError) in
            (times: bench.measure(try Engine.makeOneDNNConvolution(shape)), count: count)
        }
        for part in parts { total.add(part.times, times: part.count) }
        return total
    }
}

/// Buffers that suit every convolution of a network.
private struct ConvolutionBench {
    /// In the place of an input, of its gradient, and of an output or its gradient.
    private let input: AlignedBuffer<Float>
    private let inputGradient: AlignedBuffer<Float>
    private let output: AlignedBuffer<Float>
    private let weights: AlignedBuffer<Float>
    private let weightGradient: AlignedBuffer<Float>
    private static let repetitionCount = 5
    /// A direction that takes longer than this, in seconds, is repeated less.
    private static let longRun = 0.5

    /// Calls `body` once for every shape of a step, with the number of times that the step computes it.
    static func forEachShape<Result>(
        of subject: BenchmarkSubject,
        _ body: (ConvolutionBench, ConvolutionShape, Double) throws(KernelError) -> Result
    ) throws(KernelError) -> [Result] {
        let sampleCount = subject.microBatchSize
        let shapes = NetworkConvolutions.shapes(
            of: subject.settings.architecture, sampleCount: sampleCount, patchSize: subject.patchSize,
            precision: subject.settings.precision)
        let bench = ConvolutionBench(shapes)
        let share = Double(subject.batchSize) / Double(sampleCount)
        var results: [Result] = []
        for (index, shape) in shapes.enumerated() where shapes.firstIndex(of: shape) == index {
            results.append(try body(bench, shape, share * Double(shapes.count { $0 == shape })))
        }
        return results
    }

    init(_ shapes: [ConvolutionShape]) {
        let block = Engine.oneDNN.channelBlock
        func scalarCount(_ samples: Int, _ channels: Int, _ size: [Int]) -> Int {
            samples * ((channels + block - 1) / block * block) * size.reduce(1, *)
        }
        func most(_ count: (ConvolutionShape) -> Int) -> Int { shapes.map(count).max() ?? 0 }
        let inputCount = most { scalarCount($0.batchSize, $0.inputChannelCount, $0.inputSize) }
        let outputCount = most { scalarCount($0.batchSize, $0.outputChannelCount, $0.outputSize) }
        let weightCount = most { $0.inputChannelCount * $0.outputChannelCount * $0.kernel.reduce(1, *) }
        input = AlignedBuffer(count: inputCount)
        inputGradient = AlignedBuffer(count: inputCount)
        output = AlignedBuffer(count: outputCount)
        weights = AlignedBuffer(count: weightCount)
        weightGradient = AlignedBuffer(count: weightCount)
        // Ordinary numbers in both precisions: two small bfloat16 values in each float32.
        for buffer in [input, weights, output] {
            for index in 0..<buffer.count {
                buffer.pointer[index] = Float(bitPattern: 0x3C80_3C80 | UInt32(index & 63))
            }
        }
    }

    func measure(_ convolution: any Convolution) -> ConvolutionTimes {
        let scratch = AlignedBuffer<UInt8>(count: convolution.scratchByteCount)
        convolution.setWeights(weights.pointer)
        var times = ConvolutionTimes()
        times.forward = Self.median { convolution.forward(input.pointer, output.pointer, scratch: scratch.pointer) }
        if !convolution.shape.isFirst {
            times.backwardData = Self.median {
                convolution.backwardData(output.pointer, inputGradient.pointer, scratch: scratch.pointer)
            }
        }
        times.backwardWeights = Self.median {
            convolution.backwardWeights(
                input.pointer, output.pointer, weightGradient.pointer, scratch: scratch.pointer)
        }
        return times
    }

    /// The median of a few runs after one that is not counted.
    private static func median(_ body: () -> Void) -> Double {
        let first = TimeStatistics.measuring(1, body).median
        return TimeStatistics.measuring(first > longRun ? 3 : repetitionCount, body).median
    }
}
