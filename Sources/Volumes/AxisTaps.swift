/// For every output voxel of one axis, two input voxels and the second one's weight.
///
/// The sample of output voxel `o` stands at `q = (o + 0.5) · in / out − 0.5` (voxel centers, edges aligned), held
/// inside `[0, in − 1]`.
package struct AxisTaps: Sendable {
    package let lower: [Int]
    package let upper: [Int]
    /// Weight of `upper`; that of `lower` is one minus it.
    package let weight: [Double]
    /// Whether every weight is zero: the axis is only indexed.
    let isGather: Bool

    /// Output voxels.
    package var count: Int { lower.count }

    /// - Parameters:
    ///   - order: nearest or linear. Nearest takes the upper voxel of a tie.
    ///   - splitsEdges: where `q` lies outside, the edge voxel is both the lower and the upper one, with the weights that
    ///     `q` would have further inside: the same value, but sums are rounded as SciPy rounds them.
    package init(from inputCount: Int, to outputCount: Int, order: Interpolation, splitsEdges: Bool = false) {
        var lower: [Int] = []
        var upper: [Int] = []
        var weight: [Double] = []
        let ratio = Double(inputCount) / Double(outputCount)
        for output in 0..<outputCount {
            let sample = (Double(output) + 0.5) * ratio - 0.5
            if splitsEdges, order == .linear {
                let first = Int(sample.rounded(.down))
                lower.append(max(first, 0))
                upper.append(min(first + 1, inputCount - 1))
                weight.append(sample - Double(first))
                continue
            }
            let position = min(max(sample, 0), Double(inputCount - 1))
            let first = order == .nearest ? Int((position + 0.5).rounded(.down)) : Int(position.rounded(.down))
            lower.append(min(first, inputCount - 1))
            if order == .nearest {
                upper.append(lower[output])
                weight.append(0)
            } else {
                upper.append(min(first + 1, inputCount - 1))
                weight.append(position - Double(first))
            }
        }
        self.lower = lower
        self.upper = upper
        self.weight = weight
        self.isGather = weight.allSatisfy { $0 == 0 }
    }

    /// Interpolates one line.
    ///
    /// - Parameters:
    ///   - line: as many values as the axis has input voxels.
    ///   - target: room for ``count`` floats.
    package func sample(_ line: UnsafePointer<Double>, into target: UnsafeMutablePointer<Float>) {
        lower.withUnsafeBufferPointer { lower in
            if isGather {
                for index in 0..<lower.count { target[index] = Float(line[lower[index]]) }
                return
            }
            upper.withUnsafeBufferPointer { upper in
                weight.withUnsafeBufferPointer { weight in
                    for index in 0..<lower.count {
                        let share = weight[index]
                        target[index] = Float(line[lower[index]] * (1 - share) + line[upper[index]] * share)
                    }
                }
            }
        }
    }

    /// `(1 − weight) · lower + weight · upper`, value by value; `upper` is not looked at when its weight is zero.
    package static func blend(
        _ lower: UnsafePointer<Float>, _ upper: UnsafePointer<Float>, _ weight: Double, _ count: Int,
        _ target: UnsafeMutablePointer<Double>
    ) { blendAny(lower, upper, weight, count, target) }

    /// The same for values in double precision.
    package static func blend(
        _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ weight: Double, _ count: Int,
        _ target: UnsafeMutablePointer<Double>
    ) { blendAny(lower, upper, weight, count, target) }

    // Other rooms would call this one without its types.
    @inline(__always)
    private static func blendAny<Scalar: BinaryFloatingPoint>(
        _ lower: UnsafePointer<Scalar>, _ upper: UnsafePointer<Scalar>, _ weight: Double, _ count: Int,
        _ target: UnsafeMutablePointer<Double>
    ) {
        if weight == 0 {
            for index in 0..<count { target[index] = Double(lower[index]) }
        } else {
            for index in 0..<count {
                target[index] = Double(lower[index]) * (1 - weight) + Double(upper[index]) * weight
            }
        }
    }
}
