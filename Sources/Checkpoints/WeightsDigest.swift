import Documents
import Networks
import Tensors

/// The name of a set of weights.
public enum WeightsDigest {
    /// SHA-256 over all weights: each tensor once, sorted by name, little-endian float32 in nnU-Net's shape.
    ///
    /// - Returns: 64 lower-case hexadecimal digits.
    /// - Precondition: `weights` holds `layout.scalarCount` scalars.
    public static func sha256(_ layout: ParameterLayout, _ weights: AlignedBuffer<Float>) -> String {
        precondition(
            weights.count == layout.scalarCount, "\(weights.count) weights for a layout of \(layout.scalarCount)")
        return sha256(layout.entries.map { ($0.name, UnsafeBufferPointer(rebasing: weights.elements[$0.range])) })
    }

    /// The same for tensors that stand apart.
    static func sha256(_ tensors: [(name: String, values: UnsafeBufferPointer<Float>)]) -> String {
        #if _endian(big)
            #error("float32 is digested as it lies in memory, which must be little-endian")
        #endif
        var sum = SHA256()
        // By bytes of the name, as every language sorts ASCII.
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            sum.update(UnsafeRawBufferPointer(tensor.values))
        }
        return sum.hexadecimalDigest()
    }
}
