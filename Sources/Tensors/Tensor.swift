/// A dense array with a shape, in C order (the last axis varies fastest), with value semantics.
///
/// Volumes are `[C, D, H, W]`; label maps are `[D, H, W]`. Training works on ``AlignedBuffer`` instead.
public struct Tensor<Scalar: Sendable>: Sendable {
    /// Extent of every axis.
    public let shape: [Int]
    /// The elements, `shape`'s product many.
    public var scalars: [Scalar]

    /// - Precondition: `scalars.count` is the product of `shape`.
    public init(shape: [Int], scalars: [Scalar]) {
        precondition(
            scalars.count == shape.reduce(1, *), "\(scalars.count) elements do not fill a tensor of shape \(shape)")
        self.shape = shape
        self.scalars = scalars
    }

    public init(shape: [Int], repeating value: Scalar) {
        self.shape = shape
        self.scalars = Array(repeating: value, count: shape.reduce(1, *))
    }

    /// Number of elements.
    public var count: Int { scalars.count }

    /// Elements between neighbours along each axis.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// The element at one index per axis.
    public subscript(index: Int...) -> Scalar {
        get { scalars[offset(of: index)] }
        set { scalars[offset(of: index)] = newValue }
    }

    private func offset(of index: [Int]) -> Int {
        precondition(index.count == shape.count, "\(index.count) indices for a tensor of shape \(shape)")
        var offset = 0
        for axis in shape.indices {
            precondition(
                index[axis] >= 0 && index[axis] < shape[axis], "index \(index) is outside a tensor of shape \(shape)")
            offset = offset * shape[axis] + index[axis]
        }
        return offset
    }
}

extension Tensor: Equatable where Scalar: Equatable {}
