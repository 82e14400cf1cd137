/// How values between voxels are found; the raw value is the order of the spline, as in nnU-Net's plans.
public enum Interpolation: Int, Sendable {
    case nearest = 0
    case linear = 1
    case cubic = 3
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
