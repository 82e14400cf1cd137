/// Resizes volumes so that voxels keep their physical extent (corners not aligned). Sizes are `[D, H, W]`.
package enum LinearResizing {
    /// For each voxel of an axis of `target` voxels: the voxel of an axis of `source` voxels that its center lies in.
    package static func nearestIndices(source: Int, target: Int) -> [Int] {
        (0..<target).map { min(source - 1, (2 * $0 + 1) * source / (2 * target)) }
    }

    /// Takes the nearest voxel.
    package static func nearest<Scalar: BitwiseCopyable>(
        _ source: UnsafePointer<Scalar>, size: SIMD3<Int>, to target: UnsafeMutablePointer<Scalar>,
        targetSize: SIMD3<Int>
    ) {
        let indices = (0..<3).map { nearestIndices(source: size[$0], target: targetSize[$0]) }
        indices[2].withUnsafeBufferPointer { columns in
            for d in 0..<targetSize[0] {
                for h in 0..<targetSize[1] {
                    let from = source + (indices[0][d] * size[1] + indices[1][h]) * size[2]
                    let to = target + (d * targetSize[1] + h) * targetSize[2]
                    for w in 0..<columns.count { to[w] = from[columns[w]] }
                }
            }
        }
    }

    /// Interpolates linearly; beyond the centers of the outermost voxels their value holds.
    package static func linear(
        _ source: UnsafePointer<Float>, size: SIMD3<Int>, to target: UnsafeMutablePointer<Float>,
        targetSize: SIMD3<Int>, scratch: PatchScratch
    ) {
        let taps = (0..<3).map { Tap.all(source: size[$0], target: targetSize[$0]) }
        let width = size[2]
        let row = scratch.rows(width)
        taps[2].withUnsafeBufferPointer { columns in
            for d in 0..<targetSize[0] {
                let z = taps[0][d]
                for h in 0..<targetSize[1] {
                    let y = taps[1][h]
                    mix(
                        (source + (z.low * size[1] + y.low) * width, (1 - z.share) * (1 - y.share)),
                        (source + (z.low * size[1] + y.high) * width, (1 - z.share) * y.share),
                        (source + (z.high * size[1] + y.low) * width, z.share * (1 - y.share)),
                        (source + (z.high * size[1] + y.high) * width, z.share * y.share), count: width, to: row)
                    let output = target + (d * targetSize[1] + h) * targetSize[2]
                    for w in 0..<columns.count {
                        let tap = columns[w]
                        output[w] = row[tap.low] + (row[tap.high] - row[tap.low]) * tap.share
                    }
                }
            }
        }
    }

    private typealias Line = (values: UnsafePointer<Float>, weight: Float)

    private static func mix(
        _ a: Line, _ b: Line, _ c: Line, _ d: Line, count: Int, to row: UnsafeMutablePointer<Float>
    ) {
        for w in 0..<count {
            row[w] =
                (a.values[w] * a.weight + b.values[w] * b.weight) + (c.values[w] * c.weight + d.values[w] * d.weight)
        }
    }

    /// The two voxels that a voxel of the target lies between.
    private struct Tap {
        let low: Int
        let high: Int
        /// Weight of `high`.
        let share: Float

        static func all(source: Int, target: Int) -> [Tap] {
            (0..<target).map { index in
                let position = max(0, (Double(index) + 0.5) * Double(source) / Double(target) - 0.5)
                let low = min(source - 1, Int(position))
                return Tap(low: low, high: min(source - 1, low + 1), share: Float(position - Double(low)))
            }
        }
    }
}

/// Takes detail away as a coarser scan would: nearest voxels of a smaller grid, interpolated back.
///
/// Source: nnU-Net's default pipeline. An axis keeps at least one voxel, where nnU-Net fails.
package enum LowResolution {
    /// Size of an axis at `scale`, rounded half to even.
    package static func size(of extent: Int, scale: Float) -> Int {
        max(1, Int((Double(extent) * Double(scale)).rounded(.toNearestOrEven)))
    }

    /// Treats one channel `[D, H, W]` in place.
    ///
    /// - Parameter keepsSlices: the D axis stays as it is.
    package static func apply(
        _ values: UnsafeMutablePointer<Float>, size: SIMD3<Int>, scale: Float, keepsSlices: Bool,
        scratch: PatchScratch
    ) {
        let small = SIMD3(
            keepsSlices ? size[0] : Self.size(of: size[0], scale: scale), Self.size(of: size[1], scale: scale),
            Self.size(of: size[2], scale: scale))
        let coarse = scratch.volume(small.product)
        LinearResizing.nearest(UnsafePointer(values), size: size, to: coarse, targetSize: small)
        LinearResizing.linear(UnsafePointer(coarse), size: small, to: values, targetSize: size, scratch: scratch)
    }
}
