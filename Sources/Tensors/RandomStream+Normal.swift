#if canImport(Glibc)
    import Glibc
#endif

extension RandomStream {
    /// A standard normal number (Box–Muller, one of each pair).
    public mutating func normal() -> Float {
        let radius = (Double(nextWord()) + 1) * 0x1p-32
        let angle = Double(nextWord()) * 0x1p-32
        return Float((-2 * log(radius)).squareRoot() * cos(2 * .pi * angle))
    }
}
