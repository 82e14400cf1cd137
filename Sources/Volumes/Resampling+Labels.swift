import Tensors
import Threads

extension Resampling {
    /// Resamples a label map.
    ///
    /// With linear interpolation every label's map of zeros and ones is interpolated, and a voxel takes the label of
    /// the largest value. Where several share it, the nearest voxel's label wins if it is one of them, and the smallest
    /// of them otherwise. As only labels of the eight neighbors count, the work does not depend on the number of labels.
    /// Sums are formed in SciPy's order, so that ties fall alike.
    /// Source: `resize_segmentation` of batchgenerators 0.25.5 (before: the last label of at least one half).
    ///
    /// - Shapes: labels `[D, H, W]`; result `shape`.
    /// - Precondition: orders are nearest or linear.
    public static func resampleLabels(
        _ labels: Tensor<Int16>, to shape: [Int], currentSpacing: [Double], newSpacing: [Double],
        order: Interpolation = .linear, orderZ: Interpolation = .nearest, forceSeparateZ: Bool? = nil
    ) -> Tensor<Int16> {
        precondition(labels.shape.count == 3, "a label map has three axes, not the shape \(labels.shape)")
        precondition(order != .cubic && orderZ != .cubic, "labels are interpolated by order 0 or 1")
        let plan = ResamplingPlan(
            from: labels.shape, to: shape, currentSpacing: currentSpacing, newSpacing: newSpacing, order: order,
            orderZ: orderZ, forceSeparateZ: forceSeparateZ)
        if plan.isIdentity { return labels }
        let taps = (0..<3).map { axis in
            AxisTaps(
                from: labels.shape[axis], to: shape[axis], order: axis == plan.separateAxis ? orderZ : order,
                splitsEdges: true)
        }
        guard let axis = plan.separateAxis, orderZ == .linear, shape[axis] != labels.shape[axis] else {
            return vote(labels, taps, by: .largestShare)
        }
        // First in the planes, then along the axis, where a label needs more than one half.
        var planes = taps
        planes[axis] = AxisTaps(from: labels.shape[axis], to: labels.shape[axis], order: .nearest)
        var line = (0..<3).map { AxisTaps(from: shape[$0], to: shape[$0], order: .nearest) }
        line[axis] = taps[axis]
        return vote(vote(labels, planes, by: .largestShare), line, by: .majority)
    }

    /// Which label wins among those of the eight neighbors.
    private enum Rule {
        /// That of the largest weight; of equals the nearest neighbor's, or else the smallest.
        case largestShare
        /// That of more than half of the weight, or else 0.
        case majority
    }

    /// The label of every output voxel, by the weights of its eight neighbors.
    private static func vote(_ labels: Tensor<Int16>, _ taps: [AxisTaps], by rule: Rule) -> Tensor<Int16> {
        let shape = taps.map(\.lower.count)
        let (inputHeight, inputWidth) = (labels.shape[1], labels.shape[2])
        let (height, width) = (shape[1], shape[2])
        let count = shape.reduce(1, *)
        let scalars = [Int16](unsafeUninitializedCapacity: count) { target, initializedCount in
            labels.scalars.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                nonisolated(unsafe) let (source, target) = (from, to)
                Threads.forEach(shape[0]) { d in
                    // Taps are indices of input voxels: every row below lies inside `source`.
                    let planes = (taps[0].lower[d] * inputHeight, taps[0].upper[d] * inputHeight)
                    let depthWeight = taps[0].weight[d]
                    taps[2].lower.withUnsafeBufferPointer { lower in
                        taps[2].upper.withUnsafeBufferPointer { upper in
                            taps[2].weight.withUnsafeBufferPointer { weight in
                                for h in 0..<height {
                                    let rows = (taps[1].lower[h], taps[1].upper[h])
                                    let corner = Corner(
                                        rows: (
                                            source + (planes.0 + rows.0) * inputWidth,
                                            source + (planes.0 + rows.1) * inputWidth,
                                            source + (planes.1 + rows.0) * inputWidth,
                                            source + (planes.1 + rows.1) * inputWidth
                                        ), depthWeight: depthWeight, heightWeight: taps[1].weight[h],
                                        rule: rule)
                                    let line = target + (d * height + h) * width
                                    for w in 0..<width {
                                        line[w] = corner.label(lower[w], upper[w], weight[w])
                                    }
                                }
                            }
                        }
                    }
                }
            }
            initializedCount = count
        }
        return Tensor(shape: shape, scalars: scalars)
    }

    /// Four lines of labels around one output line, and the weights of the second ones.
    private struct Corner {
        typealias Row = UnsafePointer<Int16>
        let rows: (Row, Row, Row, Row)
        let depthWeight: Double
        let heightWeight: Double
        let rule: Rule

        /// The label that wins between the columns `lower` and `upper`, the second one's weight being `weight`.
        @inline(__always)
        func label(_ lower: Int, _ upper: Int, _ weight: Double) -> Int16 {
            let (a, b, c, d) = (rows.0[lower], rows.0[upper], rows.1[lower], rows.1[upper])
            let (e, f, g, h) = (rows.2[lower], rows.2[upper], rows.3[lower], rows.3[upper])
            if a == b, a == c, a == d, a == e, a == f, a == g, a == h { return a }
            return winner((a, b, c, d, e, f, g, h), weight)
        }

        @inline(never)
        private func winner(
            _ labels: (Int16, Int16, Int16, Int16, Int16, Int16, Int16, Int16), _ weight: Double
        ) -> Int16 {
            let lowerLower = (1 - depthWeight) * (1 - heightWeight)
            let lowerUpper = (1 - depthWeight) * heightWeight
            let upperLower = depthWeight * (1 - heightWeight)
            let upperUpper = depthWeight * heightWeight
            func sum(_ label: Int16) -> Double {
                var total = 0.0
                if labels.0 == label { total += lowerLower * (1 - weight) }
                if labels.1 == label { total += lowerLower * weight }
                if labels.2 == label { total += lowerUpper * (1 - weight) }
                if labels.3 == label { total += lowerUpper * weight }
                if labels.4 == label { total += upperLower * (1 - weight) }
                if labels.5 == label { total += upperLower * weight }
                if labels.6 == label { total += upperUpper * (1 - weight) }
                if labels.7 == label { total += upperUpper * weight }
                return total
            }
            if rule == .majority {
                for label in [labels.0, labels.1, labels.2, labels.3, labels.4, labels.5, labels.6, labels.7]
                where sum(label) > 0.5 { return label }
                return 0
            }
            var best = labels.0
            var largest = sum(best)
            func consider(_ label: Int16) {
                if label == best { return }
                let total = sum(label)
                if total > largest || total == largest && label < best { (best, largest) = (label, total) }
            }
            consider(labels.1)
            consider(labels.2)
            consider(labels.3)
            consider(labels.4)
            consider(labels.5)
            consider(labels.6)
            consider(labels.7)
            let nearest = nearestLabel(labels, weight)
            return nearest != best && sum(nearest) == largest ? nearest : best
        }

        /// The label of the corner that the sample is nearest to, the upper one of a tie.
        private func nearestLabel(
            _ labels: (Int16, Int16, Int16, Int16, Int16, Int16, Int16, Int16), _ weight: Double
        ) -> Int16 {
            let isRight = weight >= 0.5
            if depthWeight < 0.5 {
                return heightWeight < 0.5
                    ? (isRight ? labels.1 : labels.0) : (isRight ? labels.3 : labels.2)
            }
            return heightWeight < 0.5 ? (isRight ? labels.5 : labels.4) : (isRight ? labels.7 : labels.6)
        }
    }
}
