/// Shows a case on a ``SamplingGrid``: images by linear interpolation, labels by the largest interpolated share.
///
/// Nothing is copied before: every voxel reads its eight neighbors from the case. Outside the window the image is 0 and
/// the label −1.
package enum GridSampling {
    /// Samples one channel `[D, H, W]`.
    ///
    /// - Parameters:
    ///   - size: voxels of the case.
    ///   - window: what can be seen of it.
    ///   - spans: those of the grid in the window.
    package static func sampleImage(
        _ source: UnsafePointer<Float>, size: SIMD3<Int>, window: CaseWindow, on grid: SamplingGrid,
        spans: GridSpans,
        to target: UnsafeMutablePointer<Float>
    ) {
        let frame = Frame(size: size, grid: grid)
        let (nextRow, nextSlice) = (size[2], frame.sliceStride)
        let nextBoth = nextRow + nextSlice
        forEachRow(of: grid, spans) { start, touched, inside, offset in
            let row = target + offset
            if touched.count < grid.patchSize[2] { row.update(repeating: 0, count: grid.patchSize[2]) }
            for k in touched.lowerBound..<inside.lowerBound {
                row[k] = sampleNearBorder(source, size, window, start &+ grid.stepW &* Int64(k))
            }
            let position = start &+ grid.stepW &* Int64(inside.lowerBound)
            var (d, h, w) = (position[0], position[1], position[2])
            for k in inside {
                let corner = source + frame.offset(d, h, w)
                let share = fraction(h)
                let low = interpolated(pair(corner), pair(corner + nextRow), share)
                let high = interpolated(pair(corner + nextSlice), pair(corner + nextBoth), share)
                let both = interpolated(low, high, fraction(d))
                row[k] = both[0] + fraction(w) * (both[1] - both[0])
                d &+= grid.stepW[0]
                h &+= grid.stepW[1]
                w &+= grid.stepW[2]
            }
            for k in inside.upperBound..<max(inside.upperBound, touched.upperBound) {
                row[k] = sampleNearBorder(source, size, window, start &+ grid.stepW &* Int64(k))
            }
        }
    }

    /// Samples labels `[D, H, W]`: each label's share of the eight neighbors, the largest wins, the lowest on ties.
    ///
    /// - Parameters:
    ///   - size: voxels of the case.
    ///   - window: what can be seen of it.
    ///   - spans: those of the grid in the window.
    package static func sampleLabels(
        _ source: UnsafePointer<Int16>, size: SIMD3<Int>, window: CaseWindow, on grid: SamplingGrid,
        spans: GridSpans,
        to target: UnsafeMutablePointer<Int16>
    ) {
        let frame = Frame(size: size, grid: grid)
        let (nextRow, nextSlice) = (size[2], frame.sliceStride)
        let nextBoth = nextRow + nextSlice
        forEachRow(of: grid, spans) { start, touched, inside, offset in
            let row = target + offset
            if touched.count < grid.patchSize[2] { row.update(repeating: -1, count: grid.patchSize[2]) }
            for k in touched.lowerBound..<inside.lowerBound {
                row[k] = labelNearBorder(source, size, window, start &+ grid.stepW &* Int64(k))
            }
            let position = start &+ grid.stepW &* Int64(inside.lowerBound)
            var (d, h, w) = (position[0], position[1], position[2])
            for k in inside {
                let corner = source + frame.offset(d, h, w)
                let pairs = (
                    pair(corner), pair(corner + nextRow), pair(corner + nextSlice), pair(corner + nextBoth)
                )
                if pairs.0 == pairs.1, pairs.0 == pairs.2, pairs.0 == pairs.3, pairs.0 >> 16 == pairs.0 & 0xFFFF {
                    row[k] = corner[0]
                } else {
                    let labels = SIMD8(
                        corner[0], corner[1], corner[nextRow], corner[nextRow + 1], corner[nextSlice],
                        corner[nextSlice + 1], corner[nextBoth], corner[nextBoth + 1])
                    row[k] = largestShare(labels, weights(at: SIMD3(d, h, w)))
                }
                d &+= grid.stepW[0]
                h &+= grid.stepW[1]
                w &+= grid.stepW[2]
            }
            for k in inside.upperBound..<max(inside.upperBound, touched.upperBound) {
                row[k] = labelNearBorder(source, size, window, start &+ grid.stepW &* Int64(k))
            }
        }
    }

    /// How a grid lies in a case.
    private struct Frame {
        let size: SIMD3<Int>
        /// From a voxel to its neighbor along D; 0 where that neighbor has no weight.
        let sliceStride: Int

        init(size: SIMD3<Int>, grid: SamplingGrid) {
            self.size = size
            sliceStride = grid.isOnSlices ? 0 : size[1] * size[2]
        }

        /// Offset of the neighbor with the lowest indices.
        @inline(__always) func offset(_ d: Int64, _ h: Int64, _ w: Int64) -> Int {
            let row = (SamplingGrid.whole(d) &* size[1] &+ SamplingGrid.whole(h)) &* size[2]
            return row &+ SamplingGrid.whole(w)
        }
    }

    /// Calls `body` for every row with the position of its first voxel, its spans, and the offset in the target.
    @inline(__always)
    private static func forEachRow(
        of grid: SamplingGrid, _ spans: GridSpans,
        _ body: (_ start: SamplingGrid.Fixed, _ touched: Range<Int>, _ inside: Range<Int>, _ offset: Int) -> Void
    ) {
        for d in 0..<grid.patchSize[0] {
            for h in 0..<grid.patchSize[1] {
                let row = d * grid.patchSize[1] + h
                let (touched, inside) = spans[row]
                body(grid.rowStart(d, h), touched, inside, row * grid.patchSize[2])
            }
        }
    }

    /// The fractional part of a coordinate.
    @inline(__always) private static func fraction(_ coordinate: Int64) -> Float {
        Float(Int32(truncatingIfNeeded: (coordinate >> 8) & 0xFF_FFFF)) * 0x1p-24
    }

    @inline(__always) private static func pair(_ pointer: UnsafePointer<Float>) -> SIMD2<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD2<Float>.self)
    }

    @inline(__always) private static func pair(_ pointer: UnsafePointer<Int16>) -> UInt32 {
        UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self)
    }

    @inline(__always)
    private static func interpolated(_ low: SIMD2<Float>, _ high: SIMD2<Float>, _ share: Float) -> SIMD2<Float> {
        low + (high - low) * share
    }

    /// Weights of the eight neighbors, W fastest.
    @inline(__always) private static func weights(at position: SamplingGrid.Fixed) -> SIMD8<Float> {
        let (d, h, w) = (fraction(position[0]), fraction(position[1]), fraction(position[2]))
        let plane = SIMD4((1 - h) * (1 - w), (1 - h) * w, h * (1 - w), h * w)
        return SIMD8(lowHalf: plane * (1 - d), highHalf: plane * d)
    }

    /// The label with the largest sum of weights, the lowest on ties.
    private static func largestShare(_ labels: SIMD8<Int16>, _ weights: SIMD8<Float>) -> Int16 {
        let labels = SIMD8<Int32>(truncatingIfNeeded: labels)
        var best = labels[0]
        var largest = share(of: best, labels, weights)
        // The label that was looked at last and is not the best: mostly two of them meet, and each is summed once.
        var beaten = best
        for corner in 1..<8 {
            let label = labels[corner]
            if label == best || label == beaten { continue }
            let sum = share(of: label, labels, weights)
            if sum > largest || (sum == largest && label < best) {
                (best, beaten, largest) = (label, best, sum)
            } else {
                beaten = label
            }
        }
        return Int16(truncatingIfNeeded: best)
    }

    /// The sum of a label's weights, from the first neighbor to the last.
    @inline(__always)
    private static func share(of label: Int32, _ labels: SIMD8<Int32>, _ weights: SIMD8<Float>) -> Float {
        let own = weights.replacing(with: 0, where: labels .!= SIMD8(repeating: label))
        var sum = own[0]
        for corner in 1..<8 { sum += own[corner] }
        return sum
    }

    /// The eight neighbors of a position, `outside` for those that do not lie in the window. Those are not read: another
    /// voxel is, so that nothing depends on a branch.
    @inline(__always)
    private static func neighbors<Scalar: SIMDScalar>(
        of position: SamplingGrid.Fixed, in source: UnsafePointer<Scalar>, _ size: SIMD3<Int>, _ window: CaseWindow,
        outside: Scalar
    ) -> SIMD8<Scalar> {
        let (z, y, x) = (
            Neighbor.pair(SamplingGrid.whole(position[0]), window.lower[0], window.upper[0]),
            Neighbor.pair(SamplingGrid.whole(position[1]), window.lower[1], window.upper[1]),
            Neighbor.pair(SamplingGrid.whole(position[2]), window.lower[2], window.upper[2])
        )
        @inline(__always) func voxel(_ z: Neighbor, _ y: Neighbor, _ x: Neighbor) -> Scalar {
            let value = source[(z.index &* size[1] &+ y.index) &* size[2] &+ x.index]
            return z.isInside && y.isInside && x.isInside ? value : outside
        }
        return SIMD8(
            voxel(z.0, y.0, x.0), voxel(z.0, y.0, x.1), voxel(z.0, y.1, x.0), voxel(z.0, y.1, x.1),
            voxel(z.1, y.0, x.0), voxel(z.1, y.0, x.1), voxel(z.1, y.1, x.0), voxel(z.1, y.1, x.1))
    }

    /// An index along one axis, moved to the nearest voxel where it lies outside.
    private struct Neighbor {
        let index: Int
        let isInside: Bool

        @inline(__always) init(_ index: Int, _ lower: Int, _ upper: Int) {
            self.index = min(max(index, lower), upper &- 1)
            isInside = self.index == index
        }

        @inline(__always) static func pair(_ index: Int, _ lower: Int, _ upper: Int) -> (Neighbor, Neighbor) {
            (Neighbor(index, lower, upper), Neighbor(index &+ 1, lower, upper))
        }
    }

    private static func sampleNearBorder(
        _ source: UnsafePointer<Float>, _ size: SIMD3<Int>, _ window: CaseWindow, _ position: SamplingGrid.Fixed
    ) -> Float {
        let parts = neighbors(of: position, in: source, size, window, outside: 0) * weights(at: position)
        var sum: Float = 0
        for corner in 0..<8 { sum += parts[corner] }
        return sum
    }

    private static func labelNearBorder(
        _ source: UnsafePointer<Int16>, _ size: SIMD3<Int>, _ window: CaseWindow, _ position: SamplingGrid.Fixed
    ) -> Int16 {
        largestShare(neighbors(of: position, in: source, size, window, outside: -1), weights(at: position))
    }
}
