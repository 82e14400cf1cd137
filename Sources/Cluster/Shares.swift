/// Contiguous shares of a run of things, one per rank, as even as possible: the first `count % size` ranks get one
/// more.
public enum Shares {
    /// What rank `rank` of `size` gets of `0 ..< count`; empty where there are fewer things than ranks.
    ///
    /// - Precondition: `0 ≤ rank < size`, `count ≥ 0`.
    public static func range(rank: Int, size: Int, count: Int) -> Range<Int> {
        precondition(rank >= 0 && rank < size && count >= 0, "no share of \(count) for rank \(rank) of \(size)")
        let (least, rest) = count.quotientAndRemainder(dividingBy: size)
        let start = rank * least + min(rank, rest)
        return start..<start + least + (rank < rest ? 1 : 0)
    }

    /// The leaves of the reduction tree (micro-batches of the global batch) that a rank computes.
    public static func leaves(rank: Int, size: Int, leafCount: Int) -> Range<Int> {
        range(rank: rank, size: size, count: leafCount)
    }

    /// The rank whose share holds `index`.
    ///
    /// - Precondition: `0 ≤ index < count`.
    public static func rank(holding index: Int, size: Int, count: Int) -> Int {
        precondition(index >= 0 && index < count, "no share holds \(index) of \(count)")
        let (least, rest) = count.quotientAndRemainder(dividingBy: size)
        let longPart = rest * (least + 1)
        return index < longPart ? index / (least + 1) : rest + (index - longPart) / least
    }
}
