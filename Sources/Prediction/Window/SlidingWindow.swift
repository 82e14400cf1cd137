/// Where patches are cut from an image so that they cover it with overlap.
///
/// Source: nnU-Net's sliding window. An image smaller than the patch is padded with zeros around it, the odd voxel
/// behind; the first and the last patch touch the borders, those between are spread evenly.
public struct SlidingWindow: Sendable, Equatable {
    /// Voxels of the image, `[D, H, W]`.
    public let imageShape: [Int]
    /// Voxels of one patch, `[D, H, W]`.
    public let patchSize: [Int]
    /// Zeros in front of the image along each axis.
    public let padding: [Int]
    /// Voxels of the padded image: at least the patch.
    public let paddedShape: [Int]
    /// First voxel of the patches along each axis, in the padded image, ascending.
    public let starts: [[Int]]

    /// - Parameter stepSize: distance between neighboring patches as a share of the patch, at most.
    /// - Throws: ``PredictionError/stepSize(_:)`` unless `0 < stepSize ≤ 1`.
    public init(imageShape: [Int], patchSize: [Int], stepSize: Double = 0.5) throws(PredictionError) {
        precondition(
            imageShape.count == patchSize.count && patchSize.allSatisfy { $0 > 0 },
            "patches of \(patchSize) for an image of \(imageShape)")
        guard stepSize > 0, stepSize <= 1 else { throw .stepSize(stepSize) }
        let paddedShape = zip(imageShape, patchSize).map { max($0, $1) }
        self.imageShape = imageShape
        self.patchSize = patchSize
        self.paddedShape = paddedShape
        padding = zip(paddedShape, imageShape).map { ($0 - $1) / 2 }
        starts = zip(paddedShape, patchSize).map { Self.starts(size: $0, patch: $1, stepSize: stepSize) }
    }

    /// Number of patches.
    public var tileCount: Int { starts.reduce(1) { $0 * $1.count } }

    /// The starts along one axis of `size ≥ patch` voxels.
    public static func starts(size: Int, patch: Int, stepSize: Double) -> [Int] {
        let last = size - patch
        let count = Int((Double(last) / (Double(patch) * stepSize)).rounded(.up)) + 1
        guard count > 1 else { return [0] }
        let step = Double(last) / Double(count - 1)
        return (0..<count).map { Int((step * Double($0)).rounded(.toNearestOrEven)) }
    }
}
