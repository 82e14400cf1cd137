import Kernels
import Tensors

/// Activations in the memory of a kernel, in either precision.
struct StoredActivations {
    let precision: Precision
    private let float32: AlignedBuffer<Float>
    private let bfloat16: AlignedBuffer<UInt16>

    init(_ values: AlignedBuffer<Float>, _ precision: Precision) {
        self.precision = precision
        float32 = values
        bfloat16 = AlignedBuffer(precision == .bf16 ? values.array.map(BFloat16.bits) : [])
    }

    var pointer: UnsafeMutableRawPointer {
        precision == .fp32 ? UnsafeMutableRawPointer(float32.pointer) : UnsafeMutableRawPointer(bfloat16.pointer)
    }

    /// What is stored, as float32.
    var values: AlignedBuffer<Float> {
        precision == .fp32 ? float32 : AlignedBuffer(bfloat16.array.map(BFloat16.value))
    }
}

/// Rounding to bfloat16 by its definition: to nearest, ties to even.
enum BFloat16 {
    static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    static func bits(_ value: Float) -> UInt16 {
        if value.isNaN { return 0x7FC0 }
        let low = value.bitPattern & 0xFFFF
        let high = UInt16(value.bitPattern >> 16)
        let isUp = low > 0x8000 || (low == 0x8000 && high % 2 == 1)
        return isUp ? high + 1 : high
    }

    static func rounded(_ value: Float) -> Float { Self.value(bits(value)) }
}

extension Precision {
    /// Largest relative error of one rounding to this precision, beyond what float32 arithmetic adds.
    var roundingError: Float { self == .fp32 ? 0 : 1 / 256 }

    /// A value as an activation can hold it.
    func rounded(_ value: Float) -> Float { self == .fp32 ? value : BFloat16.rounded(value) }
}
