import Tensors

/// Normal numbers in bulk: the same words as ``RandomStream`` gives, four at a time turned into four numbers.
package struct NoiseStream: Sendable {
    private let key: SIMD2<UInt32>
    private let fixed: SIMD3<UInt32>

    package init(seed: UInt64, iteration: Int, index: Int) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        fixed = SIMD3(
            UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: iteration), RandomPurpose.noise.rawValue)
    }

    /// Blocks of four words made in one go.
    private static let blockCount = 256

    /// Adds normal numbers of standard deviation `deviation`, the first `count` of the stream after `start`.
    ///
    /// - Precondition: `start` is a multiple of 1024.
    package func add(
        deviation: Float, to values: UnsafeMutablePointer<Float>, count: Int, start: Int, scratch: PatchScratch
    ) {
        let blocks = Self.blockCount
        precondition(start % (4 * blocks) == 0, "noise starts at a multiple of \(4 * blocks), not at \(start)")
        let normals = scratch.rows(4 * blocks)
        var done = 0
        while done < count {
            let part = min(4 * blocks, count - done)
            fill(normals, count: part, firstBlock: (start + done) / 4)
            let target = values + done
            for index in 0..<part { target[index] += deviation * normals[index] }
            done += part
        }
    }

    /// Writes the first `count` of `4 · blockCount` normal numbers, and maybe more of them: words 0 and 1 of the blocks
    /// give the first half, 2 and 3 the second.
    private func fill(_ normals: UnsafeMutablePointer<Float>, count: Int, firstBlock: Int) {
        let blocks = Self.blockCount
        Self.words(normals, first: UInt32(truncatingIfNeeded: firstBlock), fixed: fixed, key: key)
        for half in 0..<(count <= 2 * blocks ? 1 : 2) {
            let first = normals + 2 * half * blocks
            let second = first + blocks
            for index in 0..<blocks { Self.boxMuller(first + index, second + index) }
        }
    }

    /// The bits of words 0, 1, 2 and 3 of `blockCount` Philox blocks, one word of all blocks after the other.
    private static func words(
        _ bits: UnsafeMutablePointer<Float>, first: UInt32, fixed: SIMD3<UInt32>, key: SIMD2<UInt32>
    ) {
        for index in 0..<blockCount {
            var (c0, c1, c2, c3) = (first &+ UInt32(truncatingIfNeeded: index), fixed[0], fixed[1], fixed[2])
            var (k0, k1) = (key[0], key[1])
            for _ in 0..<10 {
                let p0 = UInt64(c0) &* 0xD251_1F53
                let p1 = UInt64(c2) &* 0xCD9E_8D57
                c0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
                c2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
                c1 = UInt32(truncatingIfNeeded: p1)
                c3 = UInt32(truncatingIfNeeded: p0)
                k0 &+= 0x9E37_79B9
                k1 &+= 0xBB67_AE85
            }
            bits[index] = Float(bitPattern: c0)
            bits[blockCount + index] = Float(bitPattern: c1)
            bits[2 * blockCount + index] = Float(bitPattern: c2)
            bits[3 * blockCount + index] = Float(bitPattern: c3)
        }
    }

    /// Turns two words into two independent normal numbers: a radius, and an angle of which two bits choose the
    /// quarter.
    @inline(__always)
    private static func boxMuller(_ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>) {
        let (a, b) = (first.pointee.bitPattern, second.pointee.bitPattern)
        // (0, 1] from 24 bits, built from bit patterns so that nothing can trap.
        let unit = 2 - Float(bitPattern: 0x3F80_0000 | (a >> 9))
        let logarithm = VectorMaths.naturalLogarithm(unit)
        let radius = VectorMaths.squareRoot(logarithm < 0 ? -2 * logarithm : 0)
        let turn = Float(bitPattern: 0x3F80_0000 | (b >> 9)) - 1.5
        let (cosine, sine) = VectorMaths.cosineAndSine(turn * 1.570_796_3)
        let swaps = b & 1 == 0
        let x = swaps ? sine : cosine
        let y = swaps ? cosine : sine
        first.pointee = radius * (b & 2 == 0 ? x : -x)
        second.pointee = radius * (b & 4 == 0 ? y : -y)
    }
}
