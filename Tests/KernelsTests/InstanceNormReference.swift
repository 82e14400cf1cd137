import Kernels
import Tensors
import Testing

/// Instance norm and LeakyReLU by their definition in float64, and the numbers that a test puts in.
struct NormCase: CustomTestStringConvertible, Sendable {
    var batchSize = 2
    var channelCount: Int
    var block: Int
    var voxelCount: Int
    var epsilon: Float = 1e-5
    var leak: Float = 0.01
    var hasSecondGradient = false
    var precision = Precision.fp32

    var testDescription: String {
        "\(batchSize)×\(channelCount) channels in blocks of \(block), \(voxelCount) voxels, \(precision)"
    }

    /// Every size at which the kernel takes another path: one voxel, less than a row of lanes, more than a chunk, more
    /// than a plain layout's chunk; channels that fill their blocks and that do not.
    static let all: [NormCase] = [1, 8, 16].flatMap { block in
        [1, 2, 7, 4097, 70000].map { voxels in
            NormCase(
                batchSize: voxels > 5000 ? 2 : 3, channelCount: voxels > 5000 ? 3 : voxels == 7 ? 2 * 16 : 19,
                block: block, voxelCount: voxels, hasSecondGradient: voxels % 2 == 1)
        }
    }

    /// The same sizes in bfloat16, where the CPU has it.
    static let inBFloat16: [NormCase] =
        Precision.bf16.isSupported
        ? all.filter { $0.block == 16 }.map { fp32 in
            var result = fp32
            result.precision = .bf16
            return result
        } : []

    var scalarCount: Int { batchSize * channelCount * voxelCount }
    func channel(of index: Int) -> Int { index / voxelCount % channelCount }

    /// Channels of different mean and spread.
    var input: [Float] {
        ConvolutionCase.noise(scalarCount, 10).enumerated().map { index, value in
            let channel = channel(of: index)
            return value * (0.5 + Float(channel % 3)) + Float(channel % 5) - 2
        }
    }
    /// Scales of both signs, between 0.5 and 1.5.
    var scale: [Float] { (0..<channelCount).map { (0.5 + Float($0 % 4) / 3) * ($0 % 3 == 1 ? -1 : 1) } }
    var shift: [Float] { (0..<channelCount).map { Float($0 % 7) / 4 - 0.75 } }

    struct Result {
        var output: [Float] = []
        var inputGradient: [Float] = []
        var scaleGradient: [Float] = []
        var shiftGradient: [Float] = []
        /// Neither lanes beyond the last channel of the output nor of the gradient hold anything but 0.
        var paddingIsZero = true
    }

    /// The kernel on plain layouts; gradients only where given.
    func run(
        _ input: [Float], scale: [Float], shift: [Float], gradient: [Float]? = nil, second: [Float]? = nil
    ) -> Result {
        let norm = InstanceNormLeaky(
            batchSize: batchSize, channelCount: channelCount, block: block, voxelCount: voxelCount,
            precision: precision, epsilon: epsilon, leak: leak)
        let size = [1, 1, voxelCount]
        func blocked(_ values: [Float]) -> StoredActivations {
            StoredActivations(ConvolutionCase.blocked(values, batchSize, channelCount, size, block), precision)
        }
        func plain(_ stored: StoredActivations) -> [Float] {
            ConvolutionCase.plain(stored.values, batchSize, channelCount, size, block)
        }
        let y = blocked(input)
        norm.setParameters(scale: scale, shift: shift)
        norm.forward(y.pointer)
        var result = Result(output: plain(y))
        result.paddingIsZero = isZeroInPadding(y.values)
        guard let gradient else { return result }
        let dy = blocked(gradient)
        let dy2 = second.map { blocked($0) }
        let scales = AlignedBuffer(Array(repeating: Float.nan, count: channelCount))
        let shifts = AlignedBuffer(Array(repeating: Float.nan, count: channelCount))
        norm.backward(
            y.pointer, gradient: dy.pointer, second: dy2?.pointer, scaleGradient: scales.pointer,
            shiftGradient: shifts.pointer)
        result.inputGradient = plain(dy)
        result.scaleGradient = scales.array
        result.shiftGradient = shifts.array
        result.paddingIsZero = result.paddingIsZero && isZeroInPadding(dy.values)
        return result
    }

    /// Scalars that differ from 0 in the buffer must be those of channels.
    private func isZeroInPadding(_ buffer: AlignedBuffer<Float>) -> Bool {
        let blockCount = (channelCount + block - 1) / block
        for slab in 0..<batchSize * blockCount {
            let firstLane = channelCount - slab % blockCount * block
            guard firstLane < block else { continue }
            for voxel in 0..<voxelCount {
                for lane in firstLane..<block where buffer.pointer[(slab * voxelCount + voxel) * block + lane] != 0 {
                    return false
                }
            }
        }
        return true
    }

    struct Reference {
        /// In front of LeakyReLU.
        var linear: [Double] = []
        /// Of what stands there, and so of a skip path that is added.
        var linearGradient: [Double] = []
        var output: [Double] = []
        var inputGradient: [Double] = []
        /// Per scalar: what the gradient's terms amount to before they cancel.
        var inputGradientSize: [Double] = []
        var scaleGradient: [Double] = []
        var shiftGradient: [Double] = []
        /// Per channel: Σ |g| (|n| + 1).
        var parameterGradientSize: [Double] = []
    }

    /// The definition, over the whole gradient (both parts added).
    ///
    /// - Parameter skip: added in front of LeakyReLU, or nil.
    func reference(
        _ input: [Float], scale: [Float], shift: [Float], gradient: [Double], skip: [Float]? = nil
    ) -> Reference {
        var result = Reference()
        result.scaleGradient = Array(repeating: 0, count: channelCount)
        result.shiftGradient = result.scaleGradient
        result.parameterGradientSize = result.scaleGradient
        let (voxels, leak) = (Double(voxelCount), Double(leak))
        for slab in 0..<batchSize * channelCount {
            let channel = slab % channelCount
            let (gamma, beta) = (Double(scale[channel]), Double(shift[channel]))
            let range = slab * voxelCount..<(slab + 1) * voxelCount
            let x = input[range].map(Double.init)
            let mean = x.reduce(0, +) / voxels
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / voxels
            let inverse = 1 / (variance + Double(epsilon)).squareRoot()
            let n = x.map { ($0 - mean) * inverse }
            var t = n.map { gamma * $0 + beta }
            if let skip { t = zip(t, skip[range]).map { $0 + Double($1) } }
            let g = zip(t, gradient[range]).map { $0 > 0 ? $1 : leak * $1 }
            let sum = g.reduce(0, +)
            let sumN = zip(g, n).reduce(0) { $0 + $1.0 * $1.1 }
            result.linear += t
            result.linearGradient += g
            result.output += t.map { $0 > 0 ? $0 : leak * $0 }
            result.inputGradient += zip(g, n).map { gamma * inverse * ($0 - sum / voxels - $1 * sumN / voxels) }
            let largest = g.map { abs($0) }.max() ?? 0
            result.inputGradientSize += Array(repeating: abs(gamma) * inverse * largest, count: voxelCount)
            result.scaleGradient[channel] += sumN
            result.shiftGradient[channel] += sum
            result.parameterGradientSize[channel] += zip(g, n).reduce(0) { $0 + abs($1.0) * (abs($1.1) + 1) }
        }
        return result
    }
}
