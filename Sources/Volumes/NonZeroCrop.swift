import Tensors

/// What is left of a volume when the zeros around it are cut off, as nnU-Net does before anything else.
public struct NonZeroCrop: Sendable {
    /// `[C, d, h, w]`.
    public let image: Tensor<Float>
    /// `[d, h, w]`: −1 where there is no label and the voxel lies outside the mask of voxels that are not zero. Without
    /// given labels 0 stands inside the mask.
    public let labels: Tensor<Int16>
    /// Where the cut-out lies in the volume.
    public let box: BoundingBox

    /// Crops to the smallest box around the voxels that are not zero in some channel, holes counted in; a volume of
    /// zeros is kept whole.
    ///
    /// - Shapes: image `[C, D, H, W]`, labels `[D, H, W]`.
    /// - Precondition: the labels have the image's shape.
    public init(of image: Tensor<Float>, labels: Tensor<Int16>?) {
        precondition(
            image.shape.count == 4 && (labels?.shape ?? Array(image.shape[1...])) == Array(image.shape[1...]),
            "labels of shape \(labels?.shape ?? []) for an image of shape \(image.shape)")
        let shape = Array(image.shape[1...])
        var mask = Self.nonZeroMask(of: image)
        ConnectedComponents.fillHoles(in: &mask)
        let box =
            mask.scalars.withUnsafeBufferPointer { BoundingBox(around: $0, shape: shape) } ?? BoundingBox(shape: shape)
        self.box = box
        self.image = box.shape == shape ? image : image.cropped(to: box)
        let mask2 = box.shape == shape ? mask : mask.cropped(to: box)
        guard let labels else {
            self.labels = Tensor(shape: box.shape, scalars: mask2.scalars.map { $0 ? 0 : -1 })
            return
        }
        var cut = box.shape == shape ? labels : labels.cropped(to: box)
        cut.scalars.withUnsafeMutableBufferPointer { target in
            mask2.scalars.withUnsafeBufferPointer { inside in
                for index in target.indices where target[index] == 0 && !inside[index] { target[index] = -1 }
            }
        }
        self.labels = cut
    }

    /// Voxels that are not zero in some channel, `[D, H, W]`; NaN is not zero.
    static func nonZeroMask(of image: Tensor<Float>) -> Tensor<Bool> {
        let count = image.shape[1...].reduce(1, *)
        var mask = [Bool](repeating: false, count: count)
        mask.withUnsafeMutableBufferPointer { target in
            image.scalars.withUnsafeBufferPointer { source in
                for channel in 0..<image.shape[0] {
                    for index in 0..<count { target[index] = target[index] || source[channel * count + index] != 0 }
                }
            }
        }
        return Tensor(shape: Array(image.shape[1...]), scalars: mask)
    }
}
