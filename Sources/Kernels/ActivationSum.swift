internal import CKernels
import Threads

/// Sums of activations, or of their gradients.
public enum ActivationSum {
    /// Bytes that a task handles.
    private static let chunk = 1 << 18

    /// `target += source`, scalar by scalar.
    ///
    /// - Parameter byteCount: of either, whole scalars of the precision.
    public static func add(
        _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int, precision: Precision
    ) {
        nonisolated(unsafe) let (source, target) = (source, target)
        Threads.forEach((byteCount + chunk - 1) / chunk) { task in
            let count = min(chunk, byteCount - task * chunk) / precision.byteCount
            ckernels_add(source + task * chunk, target + task * chunk, precision.element, Int64(count))
        }
    }
}
