import Datasets
import Tensors

/// A preprocessed case as patches are cut from it: memory that is only read.
///
/// Safety: the pointers stay valid as long as `owner`, and nothing writes through them.
public final class PatchSource: @unchecked Sendable {
    /// Name of the case.
    public let identifier: String
    public let channelCount: Int
    /// Voxels per axis, `[D, H, W]`.
    public let size: SIMD3<Int>
    /// `[C, D, H, W]`.
    public let image: UnsafePointer<Float>
    /// `[D, H, W]`, −1 outside the mask of the image.
    public let labels: UnsafePointer<Int16>
    /// Voxels of every foreground class (or region) that occurs in the case.
    public let foreground: [VoxelList]
    /// Annotated voxels; nil when the dataset has no ignore label.
    public let annotated: VoxelList?
    private let owner: AnyObject

    /// Refers to memory that lives as long as `owner`.
    ///
    /// - Parameter locations: where the classes lie, and with an ignore label the annotated voxels.
    public init(
        identifier: String, channelCount: Int, size: [Int], image: UnsafePointer<Float>,
        labels: UnsafePointer<Int16>, locations: [ClassLocations], owner: AnyObject
    ) {
        precondition(size.count == 3 && size.allSatisfy { $0 > 0 }, "a case of size \(size)")
        self.identifier = identifier
        self.channelCount = channelCount
        self.size = SIMD3(size[0], size[1], size[2])
        self.image = image
        self.labels = labels
        foreground = locations.filter { !$0.isAnnotatedKey && !$0.voxels.isEmpty }.map(\.voxels)
        annotated = locations.first(where: \.isAnnotatedKey)?.voxels
        self.owner = owner
    }

    /// A case of the store of preprocessed cases.
    public convenience init(_ stored: PreprocessedCase) {
        guard let image = stored.image.baseAddress, let labels = stored.labels.baseAddress else {
            preconditionFailure("case \(stored.identifier) has no voxels")
        }
        self.init(
            identifier: stored.identifier, channelCount: stored.channelCount, size: stored.volumeShape, image: image,
            labels: labels, locations: stored.classLocations, owner: stored)
    }

    /// Copies a case into memory.
    ///
    /// - Shapes: image `[C, D, H, W]`, labels `[D, H, W]`.
    public convenience init(
        identifier: String, image: Tensor<Float>, labels: Tensor<Int16>, locations: [ClassLocations]
    ) {
        precondition(
            image.shape.count == 4 && Array(image.shape.dropFirst()) == labels.shape,
            "an image of shape \(image.shape) and labels of shape \(labels.shape)")
        let memory = Memory(image: AlignedBuffer(image.scalars), labels: AlignedBuffer(labels.scalars))
        self.init(
            identifier: identifier, channelCount: image.shape[0], size: labels.shape,
            image: UnsafePointer(memory.image.pointer), labels: UnsafePointer(memory.labels.pointer),
            locations: locations, owner: memory)
    }

    private final class Memory {
        let image: AlignedBuffer<Float>
        let labels: AlignedBuffer<Int16>

        init(image: AlignedBuffer<Float>, labels: AlignedBuffer<Int16>) {
            self.image = image
            self.labels = labels
        }
    }
}

extension SIMD3 where Scalar == Int {
    /// Product of the three extents.
    var product: Int { self[0] * self[1] * self[2] }
}
