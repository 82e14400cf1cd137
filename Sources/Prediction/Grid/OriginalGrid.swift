/// How a preprocessed image lies in the image it was made from.
public struct OriginalGrid: Sendable, Equatable {
    /// Voxels of the raw image after the plans' transposition, `[D, H, W]`.
    public let shapeBeforeCropping: [Int]
    /// First voxel of the crop in the transposed raw image.
    public let cropLower: [Int]
    /// Voxels of the crop: the shape that logits are resampled to.
    public let cropShape: [Int]
    /// Millimetres per voxel of the raw image, transposed.
    public let spacing: [Double]
    /// Axis of the raw image that each transposed axis comes from.
    public let transposeForward: [Int]

    /// - Precondition: the crop lies inside the image, and `transposeForward` is a permutation of `[0, 1, 2]`.
    public init(
        shapeBeforeCropping: [Int], cropLower: [Int], cropShape: [Int], spacing: [Double], transposeForward: [Int]
    ) {
        precondition(transposeForward.sorted() == [0, 1, 2], "\(transposeForward) is no permutation of [0, 1, 2]")
        precondition(
            (0..<3).allSatisfy { cropLower[$0] >= 0 && cropLower[$0] + cropShape[$0] <= shapeBeforeCropping[$0] },
            "a crop of \(cropShape) at \(cropLower) does not lie in an image of \(shapeBeforeCropping)")
        self.shapeBeforeCropping = shapeBeforeCropping
        self.cropLower = cropLower
        self.cropShape = cropShape
        self.spacing = spacing
        self.transposeForward = transposeForward
    }

    /// Voxels of the raw image as it is stored, `[D, H, W]`.
    public var rawShape: [Int] {
        var shape = [0, 0, 0]
        for (axis, raw) in transposeForward.enumerated() { shape[raw] = shapeBeforeCropping[axis] }
        return shape
    }

    /// Elements between neighbors along each transposed axis, in the raw image's C order.
    var strides: [Int] {
        let shape = rawShape
        let rawStrides = [shape[1] * shape[2], shape[2], 1]
        return transposeForward.map { rawStrides[$0] }
    }
}
