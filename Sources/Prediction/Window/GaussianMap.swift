import Foundation

/// How much a voxel of a patch counts where patches overlap: much in the middle, little at the border.
///
/// Source: nnU-Net's importance map: a unit impulse in the middle of the patch (`P / 2`, rounded down), filtered by
/// SciPy's Gaussian of `σ = P / 8` per axis with radius `⌊4σ + ½⌋`, scaled to a maximum of 10. It is a product of one
/// profile per axis; nnU-Net rounds it to 16-bit floats, this one is exact.
public struct GaussianMap: Sendable {
    /// One profile per axis, as long as the patch, with the maximum 1.
    public let profiles: [[Double]]

    /// - Parameters:
    ///   - patchSize: voxels per axis.
    ///   - isFlat: axes along which every voxel counts alike, for axes with one patch only, where weights cancel.
    public init(patchSize: [Int], isFlat: [Bool]? = nil) {
        profiles = patchSize.enumerated().map { axis, size in
            isFlat?[axis] == true ? Array(repeating: 1, count: size) : Self.profile(size: size)
        }
    }

    private static func profile(size: Int) -> [Double] {
        let sigma = Double(size) / 8
        let radius = Int(4 * sigma + 0.5)
        return (0..<size).map { index in
            let distance = index - size / 2
            return abs(distance) > radius ? 0 : exp(-0.5 / (sigma * sigma) * Double(distance * distance))
        }
    }

    /// The whole map, in C order; zeros are replaced by the smallest weight above zero.
    ///
    /// - Parameter maximum: the largest weight; only ratios matter.
    public func weights(maximum: Double = 10) -> [Float] {
        var products: [Double] = [1]
        for profile in profiles { products = products.flatMap { outer in profile.map { outer * $0 } } }
        let weights = products.map { Float($0 * maximum) }
        let smallest = weights.lazy.filter { $0 > 0 }.min() ?? 1
        return weights.map { $0 > 0 ? $0 : smallest }
    }

    /// The sum of one axis' profiles over patches at `starts`: the map's sum over all patches is the product
    /// of these times its maximum.
    public func coverage(axis: Int, starts: [Int], size: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: size)
        for start in starts {
            for (index, weight) in profiles[axis].enumerated() { sums[start + index] += weight }
        }
        return sums
    }
}
