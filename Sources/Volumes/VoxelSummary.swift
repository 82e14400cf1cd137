import Documents
import Tensors

/// Numbers by which a volume is recognized.
public struct VoxelSummary: Sendable, Equatable {
    /// Smallest and largest value; values that are not numbers do not count, NaN when there are no others.
    public let minimum: Float
    public let maximum: Float
    /// Voxels that are NaN or infinite.
    public let nonFiniteCount: Int
    /// SHA-256 over the voxels as little-endian float32 in C order.
    public let sha256: String

    public init(of voxels: Tensor<Float>) {
        var (low, high) = (Float.infinity, -Float.infinity)
        var nonFiniteCount = 0
        for value in voxels.scalars {
            low = value < low ? value : low
            high = value > high ? value : high
            if !value.isFinite { nonFiniteCount += 1 }
        }
        minimum = low <= high ? low : .nan
        maximum = low <= high ? high : .nan
        self.nonFiniteCount = nonFiniteCount
        sha256 = SHA256.digest(of: voxels.scalars)
    }
}
