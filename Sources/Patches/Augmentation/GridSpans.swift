/// Which voxels of every row of a ``SamplingGrid`` have neighbors in a window of a case: found once for all channels and
/// labels.
package struct GridSpans: Sendable {
    private let width: Int
    /// Four numbers per row: the voxels that have a neighbor in the window, then those that have all of them. Empty where
    /// all voxels have all of them.
    private let bounds: [SIMD4<Int32>]

    /// - Parameters:
    ///   - window: what can be seen of the case.
    ///   - looksAtCorners: false leaves out the short way for grids that lie inside the window.
    package init(of grid: SamplingGrid, in window: CaseWindow, looksAtCorners: Bool = true) {
        width = grid.patchSize[2]
        // Positions below have all eight neighbors inside the window.
        let insideLimit = window.upper &- SIMD3(grid.isOnSlices ? 0 : 1, 1, 1)
        let box = grid.box
        if looksAtCorners,
            (0..<3).allSatisfy({ box.lower[$0] >= window.lower[$0] && box.upper[$0] - 1 <= insideLimit[$0] })
        {
            bounds = []
            return
        }
        let (depth, height) = (grid.patchSize[0], grid.patchSize[1])
        bounds = [SIMD4<Int32>](unsafeUninitializedCapacity: depth * height) { rows, count in
            for d in 0..<depth {
                for h in 0..<height {
                    let start = grid.rowStart(d, h)
                    let touched =
                        window.isEmpty
                        ? 0..<0 : grid.span(from: start, lower: window.lower &- SIMD3(1, 1, 1), upper: window.upper)
                    var inside = grid.span(from: start, lower: window.lower, upper: insideLimit)
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

    /// The voxels of a row that have a neighbor in the window, and those that have all. The second range lies in the
    /// first, or both are empty.
    @inline(__always)
    subscript(row: Int) -> (touched: Range<Int>, inside: Range<Int>) {
        if bounds.isEmpty { return (0..<width, 0..<width) }
        let row = bounds[row]
        return (Int(row[0])..<Int(row[1]), Int(row[2])..<Int(row[3]))
    }
}
