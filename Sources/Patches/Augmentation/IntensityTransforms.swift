/// Changes of the gray values of one channel, in place.
///
/// Source: nnU-Net's default pipeline.
package enum IntensityTransforms {
    /// Multiplies every value.
    package static func brightness(_ values: UnsafeMutablePointer<Float>, count: Int, factor: Float) {
        VectorLoops.scale(values, count: count, by: factor, adding: 0)
    }

    /// Multiplies every value's distance from the mean, and keeps the range.
    package static func contrast(_ values: UnsafeMutablePointer<Float>, count: Int, factor: Float) {
        let summary = VectorLoops.summary(of: values, count: count)
        let mean = Float(summary.sum / Double(max(count, 1)))
        let (low, high) = (summary.minimum, summary.maximum)
        for index in 0..<count {
            let value = (values[index] - mean) * factor + mean
            let raised = value < low ? low : value
            values[index] = raised > high ? high : raised
        }
    }

    /// Raises the values, mapped to 0…1, to a power; then restores range, mean and standard deviation.
    ///
    /// - Parameter isInverted: the image is inverted before and after.
    package static func gamma(
        _ values: UnsafeMutablePointer<Float>, count: Int, exponent: Float, isInverted: Bool
    ) {
        if isInverted { VectorLoops.scale(values, count: count, by: -1, adding: 0) }
        let smallest: Float = 1e-7
        let before = VectorLoops.summary(of: values, count: count)
        let wanted = VectorLoops.moments(of: values, count: count, sum: before.sum)
        let range = before.maximum - before.minimum
        let minimum = before.minimum
        let inverse = 1 / max(range, smallest)
        for index in 0..<count {
            let share = (values[index] - minimum) * inverse
            values[index] = VectorMaths.power(share, exponent) * range + minimum
        }
        let sum = VectorLoops.summary(of: values, count: count).sum
        let found = VectorLoops.moments(of: values, count: count, sum: sum)
        var factor = wanted.deviation / max(found.deviation, smallest)
        var summand = wanted.mean - found.mean * factor
        if isInverted {
            factor = -factor
            summand = -summand
        }
        VectorLoops.scale(values, count: count, by: factor, adding: summand)
    }
}
