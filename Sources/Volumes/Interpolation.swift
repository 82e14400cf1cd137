/// How values between voxels are found; the raw value is the order of the spline, as in nnU-Net's plans.
public enum Interpolation: Int, Sendable {
    case nearest = 0
    case linear = 1
    case cubic = 3
}

/// For every output voxel of one axis, two input voxels and the second one's weight.
///
/// The sample of output voxel `o` stands at `q = (o + 0.5) · in / out − 0.5` (voxel centers, edges aligned), held
/// inside `[0, in − 1]`.
struct AxisTaps: Sendable {
    let lower: [Int]
    let upper: [Int]
    /// Weight of `upper`; that of `lower` is one minus it.
    let weight: [Double]
    /// Whether every weight is zero: the axis is only indexed.
    let isGather: Bool

    /// - Parameter order: nearest or linear. Nearest takes the upper voxel of a tie.
    init(from inputCount: Int, to outputCount: Int, order: Interpolation) {
        var lower: [Int] = []
        var upper: [Int] = []
        var weight: [Double] = []
        let ratio = Double(inputCount) / Double(outputCount)
        for output in 0..<outputCount {
            let position = min(max((Double(output) + 0.5) * ratio - 0.5, 0), Double(inputCount - 1))
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
}

/// For every output voxel of one axis, four neighboring B-spline coefficients and their weights.
struct CubicTaps: Sendable {
    /// Coefficients that stand before the first voxel and behind the last one.
    static let padding = 12

    /// Index of the first of the four, in the padded line.
    let first: [Int]
    /// Four weights per output voxel.
    let weights: [Double]

    init(from inputCount: Int, to outputCount: Int) {
        var first: [Int] = []
        var weights: [Double] = []
        let ratio = Double(inputCount) / Double(outputCount)
        for output in 0..<outputCount {
            // −0.5 ≤ q ≤ in − 0.5, so the four taps lie between 10 and in + 13 of in + 24 coefficients.
            let position = (Double(output) + 0.5) * ratio - 0.5 + Double(Self.padding)
            let floor = position.rounded(.down)
            let t = position - floor
            let s = 1 - t
            first.append(Int(floor) - 1)
            weights.append(s * s * s / 6)
            weights.append((4 + 3 * t * t * (t - 2)) / 6)
            weights.append((4 + 3 * s * s * (s - 2)) / 6)
            weights.append(t * t * t / 6)
        }
        self.first = first
        self.weights = weights
    }
}
