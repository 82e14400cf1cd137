/// Elementary functions without branches, calls or traps, so that loops over them become vector code; the same bits on
/// every CPU.
package enum VectorMaths {
    /// 1.5 · 2²³: adding it rounds a small float to an integer, which then stands in the low bits.
    private static let rounder: Float = 12_582_912
    private static let rounderBits: UInt32 = 0x4B40_0000

    /// `x^exponent` for `x` in 0…1 (a little more from rounding is allowed) and an exponent near 1; relative error
    /// below 1e-6 for results above 1e-20.
    @inline(__always) package static func power(_ x: Float, _ exponent: Float) -> Float {
        powerOfTwo(exponent * logarithm(x))
    }

    /// log2 of a number ≥ 0; −127 for 0.
    @inline(__always) package static func logarithm(_ x: Float) -> Float {
        let bits = x.bitPattern & 0x7FFF_FFFF
        let mantissa = Float(bitPattern: (bits & 0x7F_FFFF) | 0x3F80_0000)
        let isLarge = mantissa > 1.414_213_6
        let m = isLarge ? mantissa * 0.5 : mantissa
        // The exponent plus 128 stands in the low bits of a float of known size.
        let biased = Float(bitPattern: rounderBits | (bits >> 23)) - rounder
        let exponent = biased - (isLarge ? 126 : 127)
        let t = (m - 1) / (m + 1)
        let s = t * t
        let series = 2.885_390_1 + s * (0.961_796_7 + s * (0.577_078_0 + s * (0.412_198_6 + s * 0.320_598_9)))
        return exponent + t * series
    }

    /// 2^y for y ≤ 100; what would be smaller than a normal number becomes 2⁻¹²⁶.
    @inline(__always) package static func powerOfTwo(_ y: Float) -> Float {
        let clamped = y < -126 ? -126 : y
        let shifted = clamped + rounder
        let f = clamped - (shifted - rounder)
        let low = 1 + f * (0.693_147_2 + f * (0.240_226_5 + f * 0.055_504_11))
        let f2 = f * f
        let high = f2 * f2 * (0.009_618_129 + f * (0.001_333_356 + f * 0.000_154_035_3))
        let scale = Float(bitPattern: ((shifted.bitPattern &- rounderBits) &+ 127) << 23)
        return (low + high) * scale
    }

    /// Natural logarithm of a number above 0.
    @inline(__always) package static func naturalLogarithm(_ x: Float) -> Float { logarithm(x) * 0.693_147_2 }

    /// Square root of a number that is 0 or normal; relative error below 3e-7. (`squareRoot()` is a call here.)
    @inline(__always) package static func squareRoot(_ x: Float) -> Float {
        var inverse = Float(bitPattern: 0x5F37_59DF &- (x.bitPattern >> 1))
        let half = 0.5 * x
        inverse *= 1.5 - half * inverse * inverse
        inverse *= 1.5 - half * inverse * inverse
        inverse *= 1.5 - half * inverse * inverse
        return x * inverse
    }

    /// Cosine and sine of an angle in −π/4…π/4.
    @inline(__always) package static func cosineAndSine(_ angle: Float) -> (Float, Float) {
        let s = angle * angle
        let cosine = 1 + s * (-0.5 + s * (0.041_666_668 + s * (-0.001_388_888_9 + s * 2.480_158_7e-5)))
        let sine = angle * (1 + s * (-0.166_666_67 + s * (0.008_333_334 + s * (-0.000_198_412_7 + s * 2.755_732e-6))))
        return (cosine, sine)
    }
}
