import Tensors
import Threads
import Volumes

/// Resamples logits while their slices arrive: two source slices are held, never the whole volume.
///
/// Linear or nearest per axis, in double precision along D, then H, then W, rounded once to float32: to the last bit
/// what ``Volumes/Resampling`` makes of the whole volume.
///
/// Safety: buffers are written by parallel loops, each index to its own rows.
package final class SliceResampler: @unchecked Sendable {
    private let axes: [AxisTaps]
    private let headCount: Int
    /// Rows and columns of a source slice.
    private let sourceSize: (height: Int, width: Int)
    /// The last two source slices that were needed, `[heads, H, W]` each.
    private var planes: [(slice: Int, values: AlignedBuffer<Float>)]
    /// One finished slice `[heads, H', W']`.
    private let output: AlignedBuffer<Float>
    private var nextSlice = 0
    private static let rowsPerTask = 16

    /// - Parameters:
    ///   - axes: maps along D, H, W.
    ///   - sourceShape: `[D, H, W]` of what arrives.
    package init(axes: [AxisTaps], sourceShape: [Int], headCount: Int) {
        self.axes = axes
        self.headCount = headCount
        sourceSize = (sourceShape[1], sourceShape[2])
        let count = headCount * sourceShape[1] * sourceShape[2]
        planes = [(-1, AlignedBuffer(count: count)), (-1, AlignedBuffer(count: count))]
        output = AlignedBuffer(count: headCount * axes[1].count * axes[2].count)
    }

    /// Elements from one class' finished slice to the next one's.
    package var headStride: Int { axes[1].count * axes[2].count }

    /// Takes one source slice and hands on every target slice that it completes.
    ///
    /// - Parameters:
    ///   - slice: source position along D; all of them must be given, in order.
    ///   - logits: the first class' slice `[H, W]`.
    ///   - sourceStride: elements from one class' slice to the next one's.
    package func take(
        slice: Int, logits: UnsafePointer<Float>, sourceStride: Int,
        _ receive: (_ slice: Int, _ logits: UnsafePointer<Float>) throws -> Void
    ) rethrows {
        let map = axes[0]
        // Positions ascend: the next target slices that need this one stand at the front.
        guard nextSlice < map.count, map.lower[nextSlice] <= slice else { return }
        keep(slice, logits, sourceStride)
        while nextSlice < map.count, map.upper[nextSlice] <= slice {
            resample(nextSlice)
            try receive(nextSlice, UnsafePointer(output.pointer))
            nextSlice += 1
        }
    }

    private func keep(_ slice: Int, _ logits: UnsafePointer<Float>, _ sourceStride: Int) {
        planes.swapAt(0, 1)
        planes[1].slice = slice
        nonisolated(unsafe) let logits = logits
        let (target, planeCount) = (planes[1].values, sourceSize.height * sourceSize.width)
        Threads.forEach(headCount) { head in
            (target.pointer + head * planeCount).update(from: logits + head * sourceStride, count: planeCount)
        }
    }

    private func plane(of slice: Int) -> AlignedBuffer<Float> {
        guard let plane = planes.first(where: { $0.slice == slice }) else {
            preconditionFailure("slice \(slice) was let go before it was used")
        }
        return plane.values
    }

    /// Makes one slice of the target from the two source slices around it.
    private func resample(_ target: Int) {
        let weight = axes[0].weight[target]
        let (lower, upper) = (plane(of: axes[0].lower[target]), plane(of: axes[0].upper[target]))
        let (rows, columns) = (axes[1], axes[2])
        let (height, width) = sourceSize
        let taskCount = (rows.count + Self.rowsPerTask - 1) / Self.rowsPerTask
        Threads.forEach(headCount * taskCount) { [output] task in
            let (head, first) = (task / taskCount, task % taskCount * Self.rowsPerTask)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * width) { scratch in
                guard let base = scratch.baseAddress else { return }
                // Two source rows, blended along D, and the row between them.
                var held = (above: (row: -1, values: base), below: (row: -1, values: base + width))
                let line = base + 2 * width
                func blend(_ row: Int, into values: UnsafeMutablePointer<Double>) {
                    let offset = (head * height + row) * width
                    AxisTaps.blend(lower.pointer + offset, upper.pointer + offset, weight, width, values)
                }
                for row in first..<min(first + Self.rowsPerTask, rows.count) {
                    let (a, b) = (rows.lower[row], rows.upper[row])
                    if held.above.row != a, held.below.row == a { swap(&held.above, &held.below) }
                    if held.above.row != a {
                        blend(a, into: held.above.values)
                        held.above.row = a
                    }
                    if a != b, held.below.row != b {
                        blend(b, into: held.below.values)
                        held.below.row = b
                    }
                    let below = a == b ? held.above.values : held.below.values
                    AxisTaps.blend(held.above.values, below, rows.weight[row], width, line)
                    columns.sample(line, into: output.pointer + (head * rows.count + row) * columns.count)
                }
            }
        }
    }
}
