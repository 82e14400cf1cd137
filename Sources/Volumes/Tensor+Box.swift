import Tensors

extension Tensor where Scalar: BitwiseCopyable {
    /// A copy of the voxels inside a box; the tensor's last three axes are cut, those before are kept.
    ///
    /// - Precondition: the box lies inside the last three axes.
    public func cropped(to box: BoundingBox) -> Tensor {
        precondition(
            shape.count >= 3 && box.lower.count == 3 && box.lower.allSatisfy { $0 >= 0 }
                && zip(box.upper, shape.suffix(3)).allSatisfy { $0 <= $1 },
            "a box from \(box.lower) to \(box.upper) in a tensor of shape \(shape)")
        let outer = shape.dropLast(3).reduce(1, *)
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        let depth = shape[shape.count - 3]
        let size = box.shape
        let count = outer * size.reduce(1, *)
        let result = [Scalar](unsafeUninitializedCapacity: count) { target, initializedCount in
            scalars.withUnsafeBufferPointer { source in
                guard count > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
                // The box lies inside (above), so every line of `size[2]` voxels does; the target takes them in turn.
                var next = to
                for channel in 0..<outer {
                    for d in box.lower[0]..<box.upper[0] {
                        for h in box.lower[1]..<box.upper[1] {
                            let line = from + ((channel * depth + d) * height + h) * width + box.lower[2]
                            next.initialize(from: line, count: size[2])
                            next += size[2]
                        }
                    }
                }
            }
            initializedCount = count
        }
        return Tensor(shape: shape.dropLast(3) + size, scalars: result)
    }

    /// Copies a smaller volume into a box of this one; both have the same axes in front of the last three.
    ///
    /// - Precondition: the box lies inside, and `part` has its shape.
    public mutating func insert(_ part: Tensor, at box: BoundingBox) {
        precondition(
            shape.count >= 3 && part.shape == shape.dropLast(3) + box.shape && box.lower.allSatisfy { $0 >= 0 }
                && zip(box.upper, shape.suffix(3)).allSatisfy { $0 <= $1 },
            "a part of shape \(part.shape) at \(box.lower) to \(box.upper) in a tensor of shape \(shape)")
        let outer = shape.dropLast(3).reduce(1, *)
        let (depth, height, width) = (shape[shape.count - 3], shape[shape.count - 2], shape[shape.count - 1])
        let length = box.shape[2]
        scalars.withUnsafeMutableBufferPointer { target in
            part.scalars.withUnsafeBufferPointer { source in
                guard source.count > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
                var next = from
                for channel in 0..<outer {
                    for d in box.lower[0]..<box.upper[0] {
                        for h in box.lower[1]..<box.upper[1] {
                            (to + ((channel * depth + d) * height + h) * width + box.lower[2]).update(
                                from: next, count: length)
                            next += length
                        }
                    }
                }
            }
        }
    }
}
