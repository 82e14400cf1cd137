/// The random numbers of NumPy's `RandomState(seed)`: what nnU-Net's splits and samples depend on.
///
/// Algorithm: Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded by `init_genrand`; integers below a bound
/// by masking and rejection. Only what is needed here, and only for bounds up to 2³².
public struct NumPyRandom: Sendable {
    private static let length = 624
    private var state: [UInt32]
    private var position: Int

    public init(seed: UInt32) {
        state = [UInt32](repeating: 0, count: Self.length)
        state[0] = seed
        for index in 1..<Self.length {
            let previous = state[index - 1]
            state[index] = 1_812_433_253 &* (previous ^ previous >> 30) &+ UInt32(index)
        }
        position = Self.length
    }

    /// The next 32 bits.
    @inline(__always)
    public mutating func nextWord() -> UInt32 {
        if position == Self.length { refill() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
    }

    private mutating func refill() {
        state.withUnsafeMutableBufferPointer { state in
            for index in 0..<Self.length {
                let next = index + 1 < Self.length ? index + 1 : 0
                let middle = index + 397 < Self.length ? index + 397 : index + 397 - Self.length
                let bits = state[index] & 0x8000_0000 | state[next] & 0x7FFF_FFFF
                state[index] = state[middle] ^ bits >> 1 ^ (bits & 1 == 0 ? 0 : 0x9908_B0DF)
            }
        }
        position = 0
    }

    /// `interval(maximum)`: an integer in `0 ... maximum`; draws nothing when the maximum is 0.
    @inline(__always)
    public mutating func integer(upTo maximum: UInt32) -> UInt32 {
        if maximum == 0 { return 0 }
        let mask = UInt32.max >> UInt32(maximum.leadingZeroBitCount)
        while true {
            let value = nextWord() & mask
            if value <= maximum { return value }
        }
    }

    /// `randint(0, bound)`.
    ///
    /// - Precondition: `1 ≤ bound ≤ 2³²`.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound >= 1 && bound <= 1 << 32, "no random integer below \(bound)")
        return Int(integer(upTo: UInt32(bound - 1)))
    }

    /// `shuffle(elements)`, in place.
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        precondition(elements.count <= 1 << 32, "\(elements.count) elements are too many to shuffle")
        elements.withUnsafeMutableBufferPointer { elements in
            for last in stride(from: elements.count - 1, to: 0, by: -1) {
                elements.swapAt(last, Int(integer(upTo: UInt32(last))))
            }
        }
    }

    /// `permutation(count)`: 0 ..< count in random order.
    public mutating func permutation(_ count: Int) -> [Int32] {
        precondition(count <= Int(Int32.max), "\(count) elements are too many to permute")
        var elements = (0..<Int32(count)).map(\.self)
        shuffle(&elements)
        return elements
    }

    /// `choice(count, size, replace=False)`.
    ///
    /// - Precondition: `size ≤ count`.
    public mutating func choiceWithoutReplacement(from count: Int, size: Int) -> [Int32] {
        precondition(size <= count, "\(size) different elements of \(count)")
        return Array(permutation(count).prefix(size))
    }

    /// `choice(count, size, replace=True)`.
    public mutating func choiceWithReplacement(from count: Int, size: Int) -> [Int] {
        (0..<size).map { _ in integer(below: count) }
    }
}
