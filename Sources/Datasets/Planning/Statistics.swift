#if canImport(Glibc)
    import Glibc
#endif

/// `base` to the power of `exponent`.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// The percentile `share` (0 … 100) of some numbers, linear between neighbours, as NumPy computes it.
///
/// - Precondition: there is at least one number.
func percentile(_ share: Double, of numbers: [Double]) -> Double {
    precondition(!numbers.isEmpty, "no percentile of no numbers")
    let sorted = numbers.sorted()
    let position = share / 100 * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return interpolate(sorted[lower], sorted[upper], position - Double(lower))
}

/// The number at `share` (0 … 1) of the way from `low` to `high`, from the nearer end, as NumPy computes it.
func interpolate(_ low: Double, _ high: Double, _ share: Double) -> Double {
    share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share
}

/// The median of some numbers.
func median(of numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// The median per axis over several vectors.
func medianPerAxis(of vectors: [[Double]]) -> [Double] {
    guard let first = vectors.first else { return [] }
    return first.indices.map { axis in median(of: vectors.map { $0[axis] }) }
}
