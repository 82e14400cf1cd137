import Threads

/// What a ``TreeSum`` adds: `Float` (gradients) or `Double` (small sums).
public protocol TreeScalar: BitwiseCopyable, Sendable {
    static var zero: Self { get }
    static var messageType: TreeMessageType { get }
    /// `left[i] = left[i] + right[i]` for `count` elements.
    static func accumulate(_ left: UnsafeMutablePointer<Self>, _ right: UnsafePointer<Self>, _ count: Int)
}

/// The element type of a message.
public enum TreeMessageType: Sendable { case float, double }

// The loops are written out for each type: behind a generic they would not become vector code. The order of the two
// operands is fixed, so that the bits are too (of two different NaNs the sum keeps one; which, is left open).
extension Float: TreeScalar {
    public static var messageType: TreeMessageType { .float }
    public static func accumulate(_ left: UnsafeMutablePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) {
        for i in 0..<count { left[i] = left[i] + right[i] }
    }
}

extension Double: TreeScalar {
    public static var messageType: TreeMessageType { .double }
    public static func accumulate(_ left: UnsafeMutablePointer<Double>, _ right: UnsafePointer<Double>, _ count: Int) {
        for i in 0..<count { left[i] = left[i] + right[i] }
    }
}

extension TreeScalar {
    /// ``accumulate(_:_:_:)`` on all threads where the vector is long. Which thread adds an element changes no bits.
    static func accumulateInParallel(_ left: UnsafeMutablePointer<Self>, _ right: UnsafePointer<Self>, _ count: Int) {
        let piece = 1 << 16
        guard count > 4 * piece else { return accumulate(left, right, count) }
        let operands = Operands(left: left, right: right)
        Threads.forEach((count + piece - 1) / piece) { index in
            let start = index * piece
            accumulate(operands.left + start, operands.right + start, min(piece, count - start))
        }
    }
}

/// Safety: each piece of the parallel addition touches its own elements.
private struct Operands<Scalar>: @unchecked Sendable {
    let left: UnsafeMutablePointer<Scalar>
    let right: UnsafePointer<Scalar>
}
