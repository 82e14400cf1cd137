import Tensors
import Threads

/// Exact Euclidean distances.
public enum DistanceTransform {
    /// The distance of every true voxel's center to that of the nearest false voxel; 0 at false voxels, infinite
    /// everywhere when no voxel is false.
    ///
    /// Paper: P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 2012:
    /// squared distances, one axis after the other, by lower envelopes of parabolas.
    ///
    /// - Shapes: mask `[D, H, W]`.
    /// - Units: those of `spacing`, which is along `[D, H, W]`.
    /// - Complexity: O(voxels), in parallel over lines.
    public static func distances(inside mask: Tensor<Bool>, spacing: [Double]) -> Tensor<Float> {
        precondition(
            mask.shape.count == 3 && spacing.count == 3 && spacing.allSatisfy { $0 > 0 },
            "distances in a volume of shape \(mask.shape) with spacing \(spacing)")
        let shape = mask.shape
        var squares = [Float](unsafeUninitializedCapacity: mask.count) { target, initializedCount in
            mask.scalars.withUnsafeBufferPointer { source in
                for index in 0..<source.count { target[index] = source[index] ? .infinity : 0 }
            }
            initializedCount = mask.count
        }
        squares.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for axis in [2, 1, 0] where shape[axis] > 1 {
                minimize(base, AxisView(shape: shape, axis: axis), spacing: spacing[axis])
            }
            for index in buffer.indices { buffer[index] = buffer[index].squareRoot() }
        }
        return Tensor(shape: shape, scalars: squares)
    }

    /// Replaces every `f(p)` of every line by the minimum over q of `f(q) + (spacing · (p − q))²`.
    private static func minimize(_ base: UnsafeMutablePointer<Float>, _ view: AxisView, spacing: Double) {
        let lineCount = view.outer * view.inner
        let taskCount = min(lineCount, Threads.count * 8)
        let length = view.length
        nonisolated(unsafe) let base = base
        Threads.forEach(taskCount) { task in
            // Positions and heights of the parabolas of the envelope, and where each takes over from the one before.
            var positions = [Int](repeating: 0, count: length)
            var heights = [Double](repeating: 0, count: length)
            var borders = [Double](repeating: 0, count: length + 1)
            for line in lineCount * task / taskCount..<lineCount * (task + 1) / taskCount {
                // Voxel `index · inner` from `start` lies inside the volume for every index below `length`.
                let start = base + line / view.inner * length * view.inner + line % view.inner
                var parabolaCount = 0
                for position in 0..<length {
                    let height = Double(start[position * view.inner])
                    if height == .infinity { continue }
                    var border = -Double.infinity
                    while parabolaCount > 0 {
                        let last = positions[parabolaCount - 1]
                        let (x, y) = (spacing * Double(position), spacing * Double(last))
                        border = (height + x * x - heights[parabolaCount - 1] - y * y) / (2 * (x - y))
                        if border > borders[parabolaCount - 1] { break }
                        parabolaCount -= 1
                    }
                    positions[parabolaCount] = position
                    heights[parabolaCount] = height
                    borders[parabolaCount] = parabolaCount == 0 ? -.infinity : border
                    parabolaCount += 1
                }
                if parabolaCount == 0 { continue }
                var current = 0
                for position in 0..<length {
                    let x = spacing * Double(position)
                    while current + 1 < parabolaCount, borders[current + 1] < x { current += 1 }
                    let distance = x - spacing * Double(positions[current])
                    start[position * view.inner] = Float(heights[current] + distance * distance)
                }
            }
        }
    }
}
