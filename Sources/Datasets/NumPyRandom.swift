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
        position += 1
        return Self.tempered(state[position - 1])
    }

    private mutating func refill() {
        state.withUnsafeMutableBufferPointer { state in
            @inline(__always) func twist(_ index: Int, next: Int, middle: Int) {
                let bits = state[index] & 0x8000_0000 | state[next] & 0x7FFF_FFFF
                state[index] = state[middle] ^ bits >> 1 ^ (0 &- (bits & 1)) & 0x9908_B0DF
            }
            // Three loops without a wrap-around inside, so that they become vector code.
            let wrap = Self.length - 397
            for index in 0..<wrap { twist(index, next: index + 1, middle: index + 397) }
            for index in wrap..<Self.length - 1 { twist(index, next: index + 1, middle: index - wrap) }
            twist(Self.length - 1, next: 0, middle: 396)
        }
        position = 0
    }

    /// Writes the words that are left of the present state, and counts them as drawn.
    private mutating func drain(into words: UnsafeMutableBufferPointer<UInt32>) -> Int {
        if position == Self.length { refill() }
        let count = Self.length - position
        state.withUnsafeBufferPointer { state in
            for index in 0..<count { words[index] = Self.tempered(state[position + index]) }
        }
        position = Self.length
        return count
    }

    @inline(__always)
    private static func tempered(_ word: UInt32) -> UInt32 {
        var word = word
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
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

    /// How often each element comes up in ``choiceWithReplacement(from:size:)``, which is faster than to list them.
    ///
    /// - Precondition: `1 ≤ count < 2³¹`.
    public mutating func countsOfChoice(from count: Int, size: Int) -> [UInt32] {
        precondition(count >= 1 && count <= Int(Int32.max), "a choice from \(count) elements")
        if count == 1 { return [UInt32(size)] }
        let last = UInt32(count - 1)
        let mask = UInt32.max >> UInt32(last.leadingZeroBitCount)
        // Rejected words have a place of their own behind the elements, so that no branch depends on chance.
        var counts = [UInt32](repeating: 0, count: Int(mask) + 1)
        var remaining = size
        counts.withUnsafeMutableBufferPointer { counts in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.length) { words in
                while remaining >= Self.length {
                    var accepted = 0
                    for index in 0..<drain(into: words) {
                        let value = words[index] & mask
                        counts[Int(value)] &+= 1
                        accepted &+= value <= last ? 1 : 0
                    }
                    remaining -= accepted
                }
            }
            for _ in 0..<remaining { counts[Int(integer(upTo: last))] &+= 1 }
        }
        return Array(counts.prefix(count))
    }
}
