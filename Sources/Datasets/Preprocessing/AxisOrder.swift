import Tensors

extension Tensor where Scalar: BitwiseCopyable {
    /// The same voxels with the last three axes in another order: axis `a` of the result is axis `order[a]` of this.
    ///
    /// - Shapes: `[D, H, W]` or `[C, D, H, W]`.
    public func transposedVolume(by order: [Int]) -> Tensor {
        precondition(order.sorted() == [0, 1, 2] && (3...4).contains(shape.count), "axes \(order) of shape \(shape)")
        if order == [0, 1, 2] { return self }
        let lead = shape.count - 3
        let volume = Array(shape[lead...])
        let strides = [volume[1] * volume[2], volume[2], 1]
        let newVolume = order.map { volume[$0] }
        let newStrides = order.map { strides[$0] }
        let volumeCount = volume.reduce(1, *)
        let scalars = [Scalar](unsafeUninitializedCapacity: count) { target, initialized in
            self.scalars.withUnsafeBufferPointer { source in
                var position = 0
                for channel in 0..<(lead == 0 ? 1 : shape[0]) {
                    for d in 0..<newVolume[0] {
                        for h in 0..<newVolume[1] {
                            var from = channel * volumeCount + d * newStrides[0] + h * newStrides[1]
                            for _ in 0..<newVolume[2] {
                                target.initializeElement(at: position, to: source[from])
                                position += 1
                                from += newStrides[2]
                            }
                        }
                    }
                }
            }
            initialized = count
        }
        return Tensor(shape: Array(shape[..<lead]) + newVolume, scalars: scalars)
    }
}
