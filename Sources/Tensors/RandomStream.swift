/// What a random stream is for; streams of different purposes never share numbers.
public enum RandomPurpose: UInt32, Sendable, CaseIterable {
    case initialization = 1
    case batch = 2
    case position = 3
    case augmentation = 4
    case noise = 5
    case validation = 6
    case phantom = 7
    case patchSize = 8
    case benchmark = 98
    case test = 99
}

/// Random numbers that are a pure function of (seed, purpose, iteration, index): no state to save, the same on any
/// rank and thread.
///
/// Paper: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox 4×32, 10 rounds).
public struct RandomStream: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// - Parameters:
    ///   - iteration: of the training run (or the epoch, for what is drawn once per epoch).
    ///   - index: of the sample in the global batch, of the case, or of the tensor.
    public init(seed: UInt64, purpose: RandomPurpose, iteration: Int = 0, index: Int = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        counter = SIMD4(
            0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: iteration), purpose.rawValue)
    }

    /// The next 32 bits.
    public mutating func nextWord() -> UInt32 {
        if used == 4 {
            block = Self.philox(counter: counter, key: key)
            counter[0] &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    public mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return low | UInt64(nextWord()) << 32
    }

    /// A number in `range`, 24 random bits fine, the upper bound excluded.
    public mutating func uniform(_ range: Range<Float>) -> Float {
        let unit = Float(nextWord() >> 8) * 0x1p-24
        let value = range.lowerBound + unit * (range.upperBound - range.lowerBound)
        return value < range.upperBound ? value : range.upperBound.nextDown
    }

    /// True with probability `probability`.
    public mutating func chance(_ probability: Float) -> Bool { uniform(0..<1) < probability }

    /// An integer in `0 ..< bound`, without bias.
    ///
    /// - Precondition: `bound ≥ 1`.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound >= 1, "no integer lies in 0 ..< \(bound)")
        return Int(truncatingIfNeeded: next(upperBound: UInt64(bound)))
    }

    /// An integer in `range`, without bias.
    public mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + integer(below: range.upperBound - range.lowerBound + 1)
    }

    /// One block of Philox 4×32 with ten rounds.
    public static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let p0 = UInt64(c[0]) &* 0xD251_1F53
            let p1 = UInt64(c[2]) &* 0xCD9E_8D57
            c = SIMD4(
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p0))
            k = SIMD2(k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85)
        }
        return c
    }
}
