import Tensors

/// A volume as its file holds it: nothing resampled, reordered or normalized.
public struct Image: Sendable {
    /// `[C, D, H, W]`; the scaling that the file declares is applied.
    public var voxels: Tensor<Float>
    public var geometry: Geometry
    /// The type of the numbers in the file.
    public var storedType: VoxelType

    public init(voxels: Tensor<Float>, geometry: Geometry, storedType: VoxelType = .float32) {
        self.voxels = voxels
        self.geometry = geometry
        self.storedType = storedType
    }
}

/// A label map as its file holds it.
public struct LabelImage: Sendable {
    /// `[D, H, W]`.
    public var labels: Tensor<Int32>
    public var geometry: Geometry
    /// The type of the numbers in the file.
    public var storedType: VoxelType

    public init(labels: Tensor<Int32>, geometry: Geometry, storedType: VoxelType = .uint8) {
        self.labels = labels
        self.geometry = geometry
        self.storedType = storedType
    }
}

/// What a file says about its image, checked against the file's size; no voxel is read for it.
public struct ImageHeader: Sendable, Equatable {
    /// `[C, D, H, W]`.
    public let shape: [Int]
    /// Axes that the file declares: 2, 3 or 4.
    public let axisCount: Int
    public let geometry: Geometry
    /// The type of the numbers in the file.
    public let storedType: VoxelType

    /// Millimeters along `[D, H, W]`.
    public var spacing: [Double] { geometry.spacing }
}
