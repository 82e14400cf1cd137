import Kernels
import Tensors
import Testing

/// Instance norm, addition and LeakyReLU by their definition in float64, on the sizes of ``NormCase``.
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

    struct Reference {
        /// In front of LeakyReLU.
        var linear: [Double] = []
        var output: [Double] = []
        var inputGradient: [Double] = []
        /// Per scalar: what the gradient's terms amount to before they cancel.
        var inputGradientSize: [Double] = []
        var skipGradient: [Double] = []
        var scaleGradient: [Double] = []
        var shiftGradient: [Double] = []
        /// Per channel: Σ |g| (|n| + 1).
        var parameterGradientSize: [Double] = []
    }

    /// The definition, over the whole gradient (both parts added).
    func reference(
        _ input: [Float], skip: [Float], scale: [Float], shift: [Float], gradient: [Double]
    ) -> Reference {
        var result = Reference()
        result.scaleGradient = Array(repeating: 0, count: norm.channelCount)
        result.shiftGradient = result.scaleGradient
        result.parameterGradientSize = result.scaleGradient
        let (voxels, leak) = (Double(norm.voxelCount), Double(norm.leak))
        for slab in 0..<norm.batchSize * norm.channelCount {
            let channel = slab % norm.channelCount
            let (gamma, beta) = (Double(scale[channel]), Double(shift[channel]))
            let range = slab * norm.voxelCount..<(slab + 1) * norm.voxelCount
            let x = input[range].map(Double.init)
            let mean = x.reduce(0, +) / voxels
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / voxels
            let inverse = 1 / (variance + Double(norm.epsilon)).squareRoot()
            let n = x.map { ($0 - mean) * inverse }
            let t = zip(n, skip[range]).map { gamma * $0 + beta + Double($1) }
            let g = zip(t, gradient[range]).map { $0 > 0 ? $1 : leak * $1 }
            let (sum, sumN) = (g.reduce(0, +), zip(g, n).reduce(0) { $0 + $1.0 * $1.1 })
            result.linear += t
            result.output += t.map { $0 > 0 ? $0 : leak * $0 }
            result.skipGradient += g
            result.inputGradient += zip(g, n).map { gamma * inverse * ($0 - sum / voxels - $1 * sumN / voxels) }
            let largest = g.map { abs($0) }.max() ?? 0
            result.inputGradientSize += Array(repeating: abs(gamma) * inverse * largest, count: norm.voxelCount)
            result.scaleGradient[channel] += sumN
            result.shiftGradient[channel] += sum
            result.parameterGradientSize[channel] += zip(g, n).reduce(0) { $0 + abs($1.0) * (abs($1.1) + 1) }
        }
        return result
    }
}
