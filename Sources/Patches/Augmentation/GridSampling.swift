/// Shows a case on a ``SamplingGrid``: images by linear interpolation, labels by the largest interpolated share.
///
/// Nothing is copied before: every voxel reads its eight neighbors from the case. Outside the case the image is 0 and
/// the label −1.
package enum GridSampling {
    /// Samples one channel `[D, H, W]`.
    package static func sampleImage(
        _ source: UnsafePointer<Float>, size: SIMD3<Int>, on grid: SamplingGrid,
        to target: UnsafeMutablePointer<Float>
    ) {
        let frame = Frame(size: size, grid: grid)
        let (nextRow, nextSlice) = (size[2], frame.sliceStride)
        let nextBoth = nextRow + nextSlice
        forEachRow(of: grid, frame: frame) { start, touched, inside, offset in
            let row = target + offset
            row.update(repeating: 0, count: grid.patchSize[2])
            for k in touched.lowerBound..<inside.lowerBound {
                row[k] = sampleNearBorder(source, size, start &+ grid.stepW &* Int64(k))
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
                row[k] = sampleNearBorder(source, size, start &+ grid.stepW &* Int64(k))
            }
        }
    }

    /// Samples labels `[D, H, W]`: each label's share of the eight neighbors, the largest wins, the lowest on ties.
    package static func sampleLabels(
        _ source: UnsafePointer<Int16>, size: SIMD3<Int>, on grid: SamplingGrid,
        to target: UnsafeMutablePointer<Int16>
    ) {
        let frame = Frame(size: size, grid: grid)
        let (nextRow, nextSlice) = (size[2], frame.sliceStride)
        let nextBoth = nextRow + nextSlice
        forEachRow(of: grid, frame: frame) { start, touched, inside, offset in
            let row = target + offset
            row.update(repeating: -1, count: grid.patchSize[2])
            for k in touched.lowerBound..<inside.lowerBound {
                row[k] = labelNearBorder(source, size, start &+ grid.stepW &* Int64(k))
            }
            var position = start &+ grid.stepW &* Int64(inside.lowerBound)
            for k in inside {
                let corner = source + frame.offset(position[0], position[1], position[2])
                let pairs = (
                    pair(corner), pair(corner + nextRow), pair(corner + nextSlice), pair(corner + nextBoth)
                )
                if pairs.0 == pairs.1, pairs.0 == pairs.2, pairs.0 == pairs.3, pairs.0 >> 16 == pairs.0 & 0xFFFF {
                    row[k] = corner[0]
                } else {
                    let labels = SIMD8(
                        corner[0], corner[1], corner[nextRow], corner[nextRow + 1], corner[nextSlice],
                        corner[nextSlice + 1], corner[nextBoth], corner[nextBoth + 1])
                    row[k] = largestShare(labels, weights(at: position))
                }
                position = position &+ grid.stepW
            }
            for k in inside.upperBound..<max(inside.upperBound, touched.upperBound) {
                row[k] = labelNearBorder(source, size, start &+ grid.stepW &* Int64(k))
            }
        }
    }

    /// How a grid lies in a case.
    private struct Frame {
        let size: SIMD3<Int>
        /// Positions below have all eight neighbors inside the case.
        let insideLimit: SIMD3<Int>
        /// From a voxel to its neighbor along D; 0 where that neighbor has no weight.
        let sliceStride: Int

        init(size: SIMD3<Int>, grid: SamplingGrid) {
            self.size = size
            insideLimit = SIMD3(grid.isOnSlices ? size[0] : size[0] - 1, size[1] - 1, size[2] - 1)
            sliceStride = grid.isOnSlices ? 0 : size[1] * size[2]
        }

        /// Offset of the neighbor with the lowest indices.
        @inline(__always) func offset(_ d: Int64, _ h: Int64, _ w: Int64) -> Int {
            let row = (SamplingGrid.whole(d) &* size[1] &+ SamplingGrid.whole(h)) &* size[2]
            return row &+ SamplingGrid.whole(w)
        }
    }

    /// Calls `body` for every row with the position of its first voxel, the voxels that have a neighbor in the case,
    /// those that have all, and the offset in the target. The second range lies in the first, or both are empty.
    @inline(__always)
    private static func forEachRow(
        of grid: SamplingGrid, frame: Frame,
        _ body: (_ start: SamplingGrid.Fixed, _ touched: Range<Int>, _ inside: Range<Int>, _ offset: Int) -> Void
    ) {
        for d in 0..<grid.patchSize[0] {
            for h in 0..<grid.patchSize[1] {
                let start = grid.rowStart(d, h)
                let touched = grid.span(from: start, lower: SIMD3(repeating: -1), upper: frame.size)
                var inside = grid.span(from: start, lower: SIMD3(repeating: 0), upper: frame.insideLimit)
                if inside.isEmpty { inside = touched.upperBound..<touched.upperBound }
                body(start, touched, inside, (d * grid.patchSize[1] + h) * grid.patchSize[2])
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

    private static func largestShare(_ labels: SIMD8<Int16>, _ weights: SIMD8<Float>) -> Int16 {
        var best = labels[0]
        var largest: Float = -1
        for corner in 0..<8 {
            let label = labels[corner]
            if corner > 0, label == best { continue }
            var share: Float = 0
            for other in 0..<8 where labels[other] == label { share += weights[other] }
            if share > largest || (share == largest && label < best) {
                largest = share
                best = label
            }
        }
        return best
    }

    /// Calls `body` with the number, 0 to 7, and the offset of every neighbor that lies in the case.
    @inline(__always)
    private static func forEachNeighbor(
        of position: SamplingGrid.Fixed, in size: SIMD3<Int>, _ body: (_ corner: Int, _ offset: Int) -> Void
    ) {
        let d = SamplingGrid.whole(position[0])
        let h = SamplingGrid.whole(position[1])
        let w = SamplingGrid.whole(position[2])
        for corner in 0..<8 {
            let (z, y, x) = (d + corner >> 2, h + (corner >> 1) & 1, w + corner & 1)
            if z >= 0, z < size[0], y >= 0, y < size[1], x >= 0, x < size[2] {
                body(corner, (z * size[1] + y) * size[2] + x)
            }
        }
    }

    private static func sampleNearBorder(
        _ source: UnsafePointer<Float>, _ size: SIMD3<Int>, _ position: SamplingGrid.Fixed
    ) -> Float {
        let weights = weights(at: position)
        var sum: Float = 0
        forEachNeighbor(of: position, in: size) { corner, offset in sum += weights[corner] * source[offset] }
        return sum
    }

    private static func labelNearBorder(
        _ source: UnsafePointer<Int16>, _ size: SIMD3<Int>, _ position: SamplingGrid.Fixed
    ) -> Int16 {
        var labels = SIMD8<Int16>(repeating: -1)
        forEachNeighbor(of: position, in: size) { corner, offset in labels[corner] = source[offset] }
        return largestShare(labels, weights(at: position))
    }
}
