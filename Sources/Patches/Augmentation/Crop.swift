/// Copies boxes that may stick out of a volume. Sizes are `[D, H, W]`, arrays in C order.
package enum Crop {
    /// Copies the box at `corner`, with `padding` outside the volume.
    package static func copy<Scalar: BitwiseCopyable>(
        from source: UnsafePointer<Scalar>, size: SIMD3<Int>, corner: SIMD3<Int>,
        to target: UnsafeMutablePointer<Scalar>, targetSize: SIMD3<Int>, padding: Scalar
    ) {
        let width = targetSize[2]
        let first = min(max(0, -corner[2]), width)
        let end = max(first, min(width, size[2] - corner[2]))
        for d in 0..<targetSize[0] {
            let z = corner[0] + d
            for h in 0..<targetSize[1] {
                let row = target + (d * targetSize[1] + h) * width
                let y = corner[1] + h
                guard z >= 0, z < size[0], y >= 0, y < size[1], first < end else {
                    row.update(repeating: padding, count: width)
                    continue
                }
                if first > 0 { row.update(repeating: padding, count: first) }
                let start = source + ((z * size[1] + y) * size[2] + corner[2] + first)
                (row + first).update(from: start, count: end - first)
                if end < width { (row + end).update(repeating: padding, count: width - end) }
            }
        }
    }
}
