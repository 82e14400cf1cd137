import Threads

extension PatchSource {
    /// Boxes of at most so many rows are fetched; the work on larger ones is long enough to hide the memory.
    private static let largestRowCount = 1024

    /// Asks for a small box of the case, image and labels, to be in the cache when it is read soon.
    ///
    /// Where patches are small and every one comes from another case, nearly every row of a patch is a wait for the
    /// memory, and these waits, one after the other, take longer than the work.
    ///
    /// - Parameters:
    ///   - lower, upper: the box; it may stick out of the case.
    func prefetch(lower: SIMD3<Int>, upper: SIMD3<Int>) {
        let first = pointwiseMax(lower, SIMD3(repeating: 0))
        let extent = pointwiseMin(upper, size) &- first
        guard extent.min() > 0, extent[0] * extent[1] <= Self.largestRowCount else { return }
        for d in first[0]..<first[0] + extent[0] {
            let start = (d * size[1] + first[1]) * size[2] + first[2]
            for channel in 0..<channelCount {
                fetch(image + (channel * size.product + start), extent)
            }
            fetch(labels + start, extent)
        }
    }

    private func fetch<Scalar>(_ slice: UnsafePointer<Scalar>, _ extent: SIMD3<Int>) {
        let byteCount = MemoryLayout<Scalar>.stride
        Prefetch.rows(slice, byteCount: extent[2] * byteCount, stride: size[2] * byteCount, count: extent[1])
    }
}
