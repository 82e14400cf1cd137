/// Which two source positions each target position of one axis lies between, with half-voxel centers and clamped ends.
///
/// The arithmetic is that of ``Volumes/ResamplingPlan``, so that results agree to the last bit.
package struct AxisMap: Sendable, Equatable {
    /// The lower and the upper source position of each target position.
    package let lower: [Int]
    package let upper: [Int]
    /// Share of the upper one.
    package let weight: [Double]

    var targetCount: Int { lower.count }

    /// - Parameter isLinear: linear interpolation; otherwise the nearest source position, the upper one on ties.
    package init(from source: Int, to target: Int, isLinear: Bool) {
        let ratio = Double(source) / Double(target)
        let positions = (0..<target).map { min(max((Double($0) + 0.5) * ratio - 0.5, 0), Double(source - 1)) }
        if isLinear {
            let first = positions.map { Int($0) }
            lower = first
            upper = first.map { min($0 + 1, source - 1) }
            weight = zip(positions, first).map { $0 - Double($1) }
        } else {
            lower = positions.map { min(Int($0 + 0.5), source - 1) }
            upper = lower
            weight = Array(repeating: 0, count: target)
        }
    }
}
