import Foundation

/// A separable Gaussian filter with reflected borders.
///
/// Source: nnU-Net's default pipeline. On an axis that is shorter than the filter the reflection goes on to and fro,
/// where nnU-Net fails.
package enum GaussianBlur {
    /// Filter weights from the center outwards: `exp(−x² / 2σ²)` over an odd number of voxels near `6σ + 0.5`,
    /// normalized to sum 1 over both sides.
    package static func weights(deviation: Float) -> [Float] {
        let radius = (tapCount(deviation: deviation) - 1) / 2
        var weights = (0...radius).map { Float(exp(-0.5 * pow(Double($0) / Double(deviation), 2))) }
        let sum = weights.dropFirst().reduce(weights[0]) { $0 + 2 * $1 }
        for index in weights.indices { weights[index] /= sum }
        return weights
    }

    /// The odd number nearest to `6σ + 0.5`.
    private static func tapCount(deviation: Float) -> Int {
        let wanted = 6 * Double(deviation) + 0.5
        let rounded = Int(wanted.rounded(.toNearestOrEven))
        if rounded % 2 == 1 { return rounded }
        return wanted >= Double(rounded) ? rounded + 1 : max(1, rounded - 1)
    }

    /// Index `index` of an axis of `count` voxels, mirrored at the first and the last voxel as often as needed.
    package static func reflected(_ index: Int, count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let place = ((index % period) + period) % period
        return place < count ? place : period - place
    }

    /// Filters one channel `[D, H, W]` in place, along every axis with its own deviation.
    package static func apply(
        _ values: UnsafeMutablePointer<Float>, size: SIMD3<Int>, deviations: SIMD3<Float>, scratch: PatchScratch
    ) {
        let slices = scratch.volume(size.product)
        let kernels = (0..<3).map { weights(deviation: deviations[$0]) }
        let plane = size[1] * size[2]
        for d in 0..<size[0] {
            combine(
                kernels[0], count: plane, to: slices + d * plane,
                line: { UnsafePointer(values + reflected(d + $0, count: size[0]) * plane) })
        }
        let width = size[2]
        let radius = kernels[2].count - 1
        let row = scratch.rows(width + 2 * radius) + radius
        for d in 0..<size[0] {
            let slice = slices + d * plane
            for h in 0..<size[1] {
                combine(
                    kernels[1], count: width, to: row,
                    line: { UnsafePointer(slice + reflected(h + $0, count: size[1]) * width) })
                for k in 1..<kernels[2].count {
                    row[-k] = row[reflected(-k, count: width)]
                    row[width - 1 + k] = row[reflected(width - 1 + k, count: width)]
                }
                combine(kernels[2], count: width, to: values + d * plane + h * width, line: { UnsafePointer(row + $0) })
            }
        }
    }

    /// `target = w₀ line(0) + Σ wₖ (line(−k) + line(k))`, in pieces that stay in the cache.
    @inline(__always)
    private static func combine(
        _ weights: [Float], count: Int, to target: UnsafeMutablePointer<Float>, line: (Int) -> UnsafePointer<Float>
    ) {
        let center = line(0)
        var start = 0
        while start < count {
            let part = min(2048, count - start)
            let output = target + start
            let first = weights[0]
            for index in 0..<part { output[index] = center[start + index] * first }
            for k in 1..<max(1, weights.count) {
                let weight = weights[k]
                let (below, above) = (line(-k) + start, line(k) + start)
                for index in 0..<part { output[index] += (below[index] + above[index]) * weight }
            }
            start += part
        }
    }
}
