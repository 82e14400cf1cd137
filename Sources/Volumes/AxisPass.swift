import Threads

/// One axis of a volume seen as `[outer, length, inner]`: `inner` neighbors lie together in memory.
struct AxisView {
    let outer: Int
    let length: Int
    let inner: Int

    init(shape: [Int], axis: Int) {
        outer = shape[..<axis].reduce(1, *)
        length = shape[axis]
        inner = shape[(axis + 1)...].reduce(1, *)
    }

    var count: Int { outer * length * inner }
}

/// Resampling along one axis; results in double, rounded once to float.
enum AxisPass {
    /// Lines that are worked on side by side.
    private static let laneCount = 16

    /// Cubic B-spline interpolation of every line.
    ///
    /// The line is padded with 12 copies of its ends and turned into coefficients by the recursive filter with pole
    /// √3 − 2 and half-sample symmetric ends, as SciPy does it.
    /// Source: M. Unser, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing Mag. 1999.
    ///
    /// `source` holds `view.count` floats, `target` has room for `view.outer · outputCount · view.inner`.
    static func cubic(
        _ source: UnsafePointer<Float>, _ view: AxisView, to outputCount: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        let taps = CubicTaps(from: view.length, to: outputCount)
        let lanes = laneCount
        let paddedCount = view.length + 2 * CubicTaps.padding
        // Lanes are neighbors in memory where the axis has inner ones, and neighboring lines otherwise.
        let isInnermost = view.inner == 1
        let groupsPerPlane = isInnermost ? 1 : (view.inner + lanes - 1) / lanes
        let groupCount = isInnermost ? (view.outer + lanes - 1) / lanes : view.outer * groupsPerPlane
        let taskCount = min(groupCount, Threads.count * 8)
        nonisolated(unsafe) let (source, target) = (source, target)

        Threads.forEach(taskCount) { task in
            let coefficients = UnsafeMutablePointer<Double>.allocate(capacity: paddedCount * lanes)
            coefficients.initialize(repeating: 0, count: paddedCount * lanes)
            defer { coefficients.deallocate() }
            for group in groupCount * task / taskCount..<groupCount * (task + 1) / taskCount {
                let used: Int
                let sourceStart: Int
                let targetStart: Int
                let laneStep: (source: Int, target: Int)
                if isInnermost {
                    used = min(lanes, view.outer - group * lanes)
                    sourceStart = group * lanes * view.length
                    targetStart = group * lanes * outputCount
                    laneStep = (view.length, outputCount)
                } else {
                    let (plane, column) = (group / groupsPerPlane, group % groupsPerPlane * lanes)
                    used = min(lanes, view.inner - column)
                    sourceStart = plane * view.length * view.inner + column
                    targetStart = plane * outputCount * view.inner + column
                    laneStep = (1, 1)
                }
                // `used` lanes of `length` voxels from `sourceStart` lie inside the view; so it is for the target.
                for index in 0..<view.length {
                    let line = source + sourceStart + index * view.inner
                    let row = coefficients + (index + CubicTaps.padding) * lanes
                    for lane in 0..<used { row[lane] = Double(line[lane * laneStep.source]) * 6 }
                }
                pad(coefficients, length: view.length)
                filter(coefficients, count: paddedCount)
                for output in 0..<outputCount {
                    let row = coefficients + taps.first[output] * lanes
                    let (a, b) = (taps.weights[output * 4], taps.weights[output * 4 + 1])
                    let (c, d) = (taps.weights[output * 4 + 2], taps.weights[output * 4 + 3])
                    let line = target + targetStart + output * view.inner
                    for lane in 0..<used {
                        let outerPart = row[lane] * a + row[lane + 3 * lanes] * d
                        let value = outerPart + row[lane + lanes] * b + row[lane + 2 * lanes] * c
                        line[lane * laneStep.target] = Float(value)
                    }
                }
            }
        }
    }

    /// Copies the first and last of `length` rows into the padding around them.
    private static func pad(_ rows: UnsafeMutablePointer<Double>, length: Int) {
        let first = rows + CubicTaps.padding * laneCount
        let last = first + (length - 1) * laneCount
        for index in 0..<CubicTaps.padding {
            (rows + index * laneCount).update(from: first, count: laneCount)
            (last + (index + 1) * laneCount).update(from: last, count: laneCount)
        }
    }

    /// Turns `count` rows of samples (times 6) into B-spline coefficients, in place.
    private static func filter(_ rows: UnsafeMutablePointer<Double>, count: Int) {
        let lanes = laneCount
        let pole = 3.0.squareRoot() - 2
        var power = pole
        for _ in 1..<count { power *= pole }  // pole^count
        for lane in 0..<lanes {
            var sum = rows[lane] + power * rows[(count - 1) * lanes + lane]
            var weight = pole
            // Beyond 60 samples the weights are below the last bit of a double.
            for index in 1..<min(count, 60) {
                sum += weight * (rows[index * lanes + lane] + power * rows[(count - 1 - index) * lanes + lane])
                weight *= pole
            }
            rows[lane] += sum * pole / (1 - power * power)
        }
        for index in 1..<count {
            let row = rows + index * lanes
            for lane in 0..<lanes { row[lane] += pole * row[lane - lanes] }
        }
        let last = rows + (count - 1) * lanes
        for lane in 0..<lanes { last[lane] *= pole / (pole - 1) }
        for index in stride(from: count - 2, through: 0, by: -1) {
            let row = rows + index * lanes
            for lane in 0..<lanes { row[lane] = pole * (row[lane + lanes] - row[lane]) }
        }
    }

    /// Linear interpolation, or indexing, of every line.
    ///
    /// `source` holds `view.count` floats, `target` has room for `view.outer · taps.lower.count · view.inner`.
    static func taps(
        _ source: UnsafePointer<Float>, _ view: AxisView, _ taps: AxisTaps, _ target: UnsafeMutablePointer<Float>
    ) {
        let outputCount = taps.lower.count
        nonisolated(unsafe) let (source, target) = (source, target)
        Threads.forEach(view.outer) { outer in
            let plane = source + outer * view.length * view.inner
            for output in 0..<outputCount {
                let line = target + (outer * outputCount + output) * view.inner
                let lower = plane + taps.lower[output] * view.inner
                if taps.isGather {
                    line.update(from: lower, count: view.inner)
                } else {
                    let upper = plane + taps.upper[output] * view.inner
                    let weight = taps.weight[output]
                    for index in 0..<view.inner {
                        line[index] = Float(Double(lower[index]) * (1 - weight) + Double(upper[index]) * weight)
                    }
                }
            }
        }
    }

    /// Smallest and largest value at every index of the axis; values that are not numbers do not count.
    static func extrema(_ source: UnsafePointer<Float>, _ view: AxisView) -> [ClosedRange<Float>] {
        (0..<view.length).map { index in
            var (low, high) = (Float.infinity, -Float.infinity)
            for outer in 0..<view.outer {
                let line = source + (outer * view.length + index) * view.inner
                for position in 0..<view.inner {
                    low = line[position] < low ? line[position] : low
                    high = line[position] > high ? line[position] : high
                }
            }
            return low <= high ? low...high : -Float.infinity...Float.infinity
        }
    }

    /// Holds the values at every index of the axis inside that index's range.
    static func clip(_ target: UnsafeMutablePointer<Float>, _ view: AxisView, to ranges: [ClosedRange<Float>]) {
        for outer in 0..<view.outer {
            for index in 0..<view.length {
                let (low, high) = (ranges[index].lowerBound, ranges[index].upperBound)
                let line = target + (outer * view.length + index) * view.inner
                for position in 0..<view.inner {
                    let value = line[position]
                    line[position] = value < low ? low : value > high ? high : value
                }
            }
        }
    }
}
