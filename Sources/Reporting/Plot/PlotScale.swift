import Foundation

/// Maps values to pixels along an axis, and knows round values to mark on it.
struct PlotScale {
    let values: ClosedRange<Double>
    /// Pixel of the lower and of the upper bound.
    let pixels: (lower: Double, upper: Double)

    func position(of value: Double) -> Double {
        pixels.lower
            + (value - values.lowerBound) / (values.upperBound - values.lowerBound) * (pixels.upper - pixels.lower)
    }

    /// The smallest range of whole steps that holds all finite values.
    ///
    /// - Parameters:
    ///   - including: a value that the range must hold, for example 0.
    ///   - minimumSpan: smallest difference of the bounds, so that noise does not fill the panel.
    ///   - stepCount: about how many steps the range has.
    static func range(
        of values: some Sequence<Double>, including: Double? = nil, minimumSpan: Double = 0, stepCount: Int
    ) -> ClosedRange<Double> {
        let finite = values.filter(\.isFinite) + (including.map { [$0] } ?? [])
        guard var lower = finite.min(), var upper = finite.max() else { return 0...1 }
        let missing = max(minimumSpan, max(abs(upper), abs(lower), 1e-6) * 1e-3) - (upper - lower)
        if missing > 0 {
            lower -= including == lower ? 0 : missing / 2
            upper += including == lower ? missing : missing / 2
        }
        let step = roundStep(atLeast: (upper - lower) / Double(stepCount))
        return (lower / step + 1e-9).rounded(.down) * step...(upper / step - 1e-9).rounded(.up) * step
    }

    /// Round values inside the range, about `count` of them, and how many decimals tell them apart.
    func marks(count: Int, minimumStep: Double = 0) -> (values: [Double], decimals: Int) {
        let step = Self.roundStep(atLeast: max((values.upperBound - values.lowerBound) / Double(count), minimumStep))
        let first = (values.lowerBound / step - 1e-6).rounded(.up)
        let last = (values.upperBound / step + 1e-6).rounded(.down)
        guard first <= last else { return ([], 0) }
        let marks = stride(from: first, through: last, by: 1).map { $0 * step }
        return (marks, max(0, Int((-log10(step) - 1e-9).rounded(.up))))
    }

    /// The smallest of 1, 2, 5 times a power of ten that is not smaller than `size`.
    static func roundStep(atLeast size: Double) -> Double {
        guard size.isFinite, size > 0 else { return 1 }
        let power = pow(10, log10(size).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= size * (1 - 1e-9) } ?? 10
        return factor * power
    }
}
