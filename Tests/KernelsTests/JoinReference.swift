import Kernels
import Tensors
import Testing

/// The end of a residual block on the sizes of ``NormCase``, and the numbers that a test puts in.
struct JoinCase: CustomTestStringConvertible, Sendable {
    var norm: NormCase

    var testDescription: String { norm.testDescription }
    static let all = NormCase.all.map { JoinCase(norm: $0) }
    static let inBFloat16 = NormCase.inBFloat16.map { JoinCase(norm: $0) }

    /// What the main path and the skip path bring, as an activation can hold it.
    var input: [Float] { norm.input.map(norm.precision.rounded) }
    var skip: [Float] { ConvolutionCase.noise(norm.scalarCount, 14).map { norm.precision.rounded(2 * $0) } }

    struct Result {
        var output: [Float] = []
        var inputGradient: [Float] = []
        var skipGradient: [Float] = []
        var scaleGradient: [Float] = []
        var shiftGradient: [Float] = []
    }

    /// The kernel on plain layouts; gradients only where given.
    func run(
        _ input: [Float], skip: [Float], scale: [Float], shift: [Float], gradient: [Float]? = nil,
        second: [Float]? = nil
    ) -> Result {
        let join = InstanceNormAddLeaky(
            batchSize: norm.batchSize, channelCount: norm.channelCount, block: norm.block, voxelCount: norm.voxelCount,
            precision: norm.precision, epsilon: norm.epsilon, leak: norm.leak)
        let size = [1, 1, norm.voxelCount]
        func blocked(_ values: [Float]) -> StoredActivations {
            StoredActivations(
                ConvolutionCase.blocked(values, norm.batchSize, norm.channelCount, size, norm.block), norm.precision)
        }
        func plain(_ stored: StoredActivations) -> [Float] {
            ConvolutionCase.plain(stored.values, norm.batchSize, norm.channelCount, size, norm.block)
        }
        let unwritten = Array(repeating: Float.nan, count: input.count)
        let (x, s, y) = (blocked(input), blocked(skip), blocked(unwritten))
        join.setParameters(scale: scale, shift: shift)
        withExtendedLifetime((x, s, y)) { join.forward(x.pointer, skip: s.pointer, y.pointer) }
        var result = Result(output: plain(y))
        guard let gradient else { return result }
        let (dy, dy2, dx) = (blocked(gradient), second.map { blocked($0) }, blocked(unwritten))
        let scales = AlignedBuffer(Array(repeating: Float.nan, count: norm.channelCount))
        let shifts = AlignedBuffer(Array(repeating: Float.nan, count: norm.channelCount))
        withExtendedLifetime((x, y, dy, dy2, dx)) {
            join.backward(
                y.pointer, x.pointer, gradient: dy.pointer, second: dy2?.pointer, inputGradient: dx.pointer,
                scaleGradient: scales.pointer, shiftGradient: shifts.pointer)
        }
        result.inputGradient = plain(dx)
        result.skipGradient = plain(dy)
        result.scaleGradient = scales.array
        result.shiftGradient = shifts.array
        return result
    }
}
