/// How many patches of a batch are placed on foreground; the others lie at random positions and may contain it too.
public enum ForegroundRule: Sendable {
    /// nnU-Net's third, `b − round_half_even(0.67 b)`: 2 → 1, 5 → 2, 9 → 3.
    case third
    /// One half, `b − round_half_even(b / 2)`: 2 → 1, 3 → 1, 9 → 5, 1575 → 787.
    ///
    /// Paper: the curricula of MICCAI 2024 and of the journal.
    case half

    /// Foreground patches in a batch of `batchSize`.
    public func foregroundCount(inBatchOf batchSize: Int) -> Int {
        switch self {
        case .third: batchSize - Self.roundedHalfToEven(67 * batchSize, over: 100)
        case .half: batchSize - Self.roundedHalfToEven(batchSize, over: 2)
        }
    }

    /// The integer nearest to `numerator / denominator`, the even one where two are equally near.
    static func roundedHalfToEven(_ numerator: Int, over denominator: Int) -> Int {
        let quotient = numerator / denominator
        let twice = 2 * (numerator % denominator)
        let roundsUp = twice > denominator || (twice == denominator && quotient % 2 == 1)
        return roundsUp ? quotient + 1 : quotient
    }
}
