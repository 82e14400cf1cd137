/// A box of voxels: along each axis of `[D, H, W]` those from `lower` up to, but not including, `upper`.
public struct BoundingBox: Sendable, Codable, Equatable {
    public var lower: [Int]
    public var upper: [Int]

    public init(lower: [Int], upper: [Int]) {
        precondition(
            lower.count == upper.count && zip(lower, upper).allSatisfy { $0 <= $1 },
            "a box from \(lower) to \(upper) has a negative size")
        self.lower = lower
        self.upper = upper
    }

    /// The box of a whole volume.
    public init(shape: [Int]) { self.init(lower: shape.map { _ in 0 }, upper: shape) }

    /// Voxels along each axis.
    public var shape: [Int] { zip(upper, lower).map { $0 - $1 } }

    /// The smallest box around the true voxels; nil when there are none.
    ///
    /// - Shapes: mask `[D, H, W]`.
    public init?(around mask: UnsafeBufferPointer<Bool>, shape: [Int]) {
        precondition(shape.count == 3 && mask.count == shape.reduce(1, *), "\(mask.count) voxels of shape \(shape)")
        let (depth, height, width) = (shape[0], shape[1], shape[2])
        var lower = [depth, height, width]
        var upper = [-1, -1, -1]
        for d in 0..<depth {
            for h in 0..<height {
                let line = UnsafeBufferPointer(rebasing: mask[(d * height + h) * width..<(d * height + h + 1) * width])
                guard let first = line.firstIndex(of: true), let last = line.lastIndex(of: true) else { continue }
                lower = [min(lower[0], d), min(lower[1], h), min(lower[2], first)]
                upper = [max(upper[0], d), max(upper[1], h), max(upper[2], last)]
            }
        }
        if upper[0] < 0 { return nil }
        self.init(lower: lower, upper: upper.map { $0 + 1 })
    }
}
