internal import CKernels

/// What activations, their gradients and the convolutions' weights are made of.
///
/// Master weights, statistics, logits, losses, gradients of the weights, their sums and the optimizer are float32 (or
/// wider) in both.
public enum Precision: String, Sendable, CaseIterable {
    case fp32
    /// bfloat16: float32's range, 8 bits of precision; rounds to nearest, ties to even.
    case bf16

    /// Bytes per scalar.
    public var byteCount: Int { self == .fp32 ? 4 : 2 }

    var element: ckernels_element { self == .fp32 ? CKERNELS_FLOAT32 : CKERNELS_BFLOAT16 }

    /// Whether this CPU computes with it at all; `bf16` needs AVX-512.
    public var isSupported: Bool { self == .fp32 || ckonednn_block() == 16 }

    /// The fastest precision of this CPU: `bf16` where it multiplies bfloat16 in hardware (AVX-512 BF16 or AMX).
    public static var fastest: Precision { ckonednn_has_fast_bfloat16() != 0 ? .bf16 : .fp32 }
}
