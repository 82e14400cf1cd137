/// Which voxels of every row of a ``SamplingGrid`` have neighbors in a case: found once for all channels and labels.
package struct GridSpans: Sendable {
    private let width: Int
    /// Four numbers per row: the voxels that have a neighbor in the case, then those that have all of them. Empty where
    /// all voxels have all of them.
    private let bounds: [SIMD4<Int32>]

    /// - Parameters:
    ///   - size: voxels of the case, `[D, H, W]`.
    ///   - looksAtCorners: false leaves out the short way for grids that lie inside the case.
    package init(of grid: SamplingGrid, in size: SIMD3<Int>, looksAtCorners: Bool = true) {
        width = grid.patchSize[2]
        // Positions below have all eight neighbors inside the case.
        let insideLimit = SIMD3(grid.isOnSlices ? size[0] : size[0] - 1, size[1] - 1, size[2] - 1)
        let box = grid.box
        if looksAtCorners, (0..<3).allSatisfy({ box.lower[$0] >= 0 && box.upper[$0] - 1 <= insideLimit[$0] }) {
            bounds = []
            return
        }
        let (depth, height) = (grid.patchSize[0], grid.patchSize[1])
        bounds = [SIMD4<Int32>](unsafeUninitializedCapacity: depth * height) { rows, count in
            for d in 0..<depth {
                for h in 0..<height {
                    let start = grid.rowStart(d, h)
                    let touched = grid.span(from: start, lower: SIMD3(repeating: -1), upper: size)
                    var inside = grid.span(from: start, lower: SIMD3(repeating: 0), upper: insideLimit)
                    if inside.isEmpty { inside = touched.upperBound..<touched.upperBound }
                    rows.initializeElement(
                        at: count,
                        to: SIMD4(
                            Int32(touched.lowerBound), Int32(touched.upperBound), Int32(inside.lowerBound),
                            Int32(inside.upperBound)))
                    count += 1
                }
            }
        }
    }

    /// The voxels of a row that have a neighbor in the case, and those that have all. The second range lies in the
    /// first, or both are empty.
    @inline(__always)
    subscript(row: Int) -> (touched: Range<Int>, inside: Range<Int>) {
        if bounds.isEmpty { return (0..<width, 0..<width) }
        let row = bounds[row]
        return (Int(row[0])..<Int(row[1]), Int(row[2])..<Int(row[3]))
    }
}
