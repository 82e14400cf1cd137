/// Memory for kernels and communication: fixed size, aligned to 64 bytes, freed with the last reference.
///
/// Safety: a buffer has no lock. Whoever shares one between threads gives each its own range.
public final class AlignedBuffer<Scalar: BitwiseCopyable>: @unchecked Sendable {
    public let count: Int
    public let pointer: UnsafeMutablePointer<Scalar>

    /// Allocates `count` elements, all bits zero.
    public init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) elements")
        self.count = count
        let byteCount = max(64, (count * MemoryLayout<Scalar>.stride + 63) & ~63)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        self.pointer = raw.bindMemory(to: Scalar.self, capacity: max(count, 1))
    }

    public convenience init(_ elements: [Scalar]) {
        self.init(count: elements.count)
        elements.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: elements.count) }
        }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

    public var elements: UnsafeMutableBufferPointer<Scalar> { UnsafeMutableBufferPointer(start: pointer, count: count) }

    /// Sets every element to `value`.
    public func fill(_ value: Scalar) { elements.update(repeating: value) }

    /// A copy of the elements as an array.
    public var array: [Scalar] { Array(elements) }
}
