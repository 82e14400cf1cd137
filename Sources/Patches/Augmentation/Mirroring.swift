/// Flips volumes in place.
package enum Mirroring {
    /// Flips one volume `[D, H, W]` along the marked axes.
    package static func flip<Scalar: SIMDScalar & BitwiseCopyable>(
        _ values: UnsafeMutablePointer<Scalar>, size: SIMD3<Int>, axes: SIMDMask<SIMD3<Int>>
    ) {
        let (depth, height, width) = (size[0], size[1], size[2])
        for d in 0..<depth {
            let otherD = axes[0] ? depth - 1 - d : d
            for h in 0..<height {
                let otherH = axes[1] ? height - 1 - h : h
                let place = d * height + h
                let other = otherD * height + otherH
                guard other >= place else { continue }
                let (row, partner) = (values + place * width, values + other * width)
                if other == place {
                    if axes[2] { reverse(row, count: width) }
                } else if axes[2] {
                    swapReversed(row, partner, count: width)
                } else {
                    swap(row, partner, count: width)
                }
            }
        }
    }

    private static func reverse<Scalar: SIMDScalar & BitwiseCopyable>(
        _ row: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        // The halves are exchanged; an odd voxel in the middle stays.
        exchangeReversed(row, row + (count - count / 2), count: count / 2)
    }

    private static func swapReversed<Scalar: SIMDScalar & BitwiseCopyable>(
        _ left: UnsafeMutablePointer<Scalar>, _ right: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        exchangeReversed(left, right, count: count)
    }

    private static func swap<Scalar: BitwiseCopyable>(
        _ left: UnsafeMutablePointer<Scalar>, _ right: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        for w in 0..<count {
            let value = left[w]
            left[w] = right[w]
            right[w] = value
        }
    }

    /// Exchanges `left[w]` with `right[count − 1 − w]`; the two must not overlap.
    @inline(__always)
    private static func exchangeReversed<Scalar: SIMDScalar & BitwiseCopyable>(
        _ left: UnsafeMutablePointer<Scalar>, _ right: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        var w = 0
        while w &+ 8 <= count {
            let front = UnsafeMutableRawPointer(left + w)
            let back = UnsafeMutableRawPointer(right + (count &- 8 &- w))
            let a = front.loadUnaligned(as: SIMD8<Scalar>.self)
            let b = back.loadUnaligned(as: SIMD8<Scalar>.self)
            front.storeBytes(of: reversed(b), as: SIMD8<Scalar>.self)
            back.storeBytes(of: reversed(a), as: SIMD8<Scalar>.self)
            w &+= 8
        }
        while w < count {
            let value = left[w]
            left[w] = right[count &- 1 &- w]
            right[count &- 1 &- w] = value
            w &+= 1
        }
    }

    @inline(__always)
    private static func reversed<Scalar>(_ v: SIMD8<Scalar>) -> SIMD8<Scalar> {
        SIMD8(v[7], v[6], v[5], v[4], v[3], v[2], v[1], v[0])
    }
}
