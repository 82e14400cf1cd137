/// Memory for kernels and communication: fixed size, aligned to 64 bytes at least, freed with the last reference.
///
/// A large buffer takes memory only as it is touched, page by page, and from the threads that touch it.
///
/// Safety: a buffer has no lock. Whoever shares one between threads gives each its own range.
public final class AlignedBuffer<Scalar: BitwiseCopyable>: @unchecked Sendable {
    public let count: Int
    public let pointer: UnsafeMutablePointer<Scalar>
    private let memory: BufferMemory

    /// Allocates `count` elements, all bits zero.
    public init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) elements")
        self.count = count
        memory = BufferMemory(byteCount: max(64, (count * MemoryLayout<Scalar>.stride + 63) & ~63))
        pointer = memory.start.bindMemory(to: Scalar.self, capacity: max(count, 1))
    }

    public convenience init(_ elements: [Scalar]) {
        self.init(count: elements.count)
        elements.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: elements.count) }
        }
    }

    deinit { memory.free() }

    public var elements: UnsafeMutableBufferPointer<Scalar> { UnsafeMutableBufferPointer(start: pointer, count: count) }

    /// Sets every element to `value`.
    public func fill(_ value: Scalar) { elements.update(repeating: value) }

    /// A copy of the elements as an array.
    public var array: [Scalar] { Array(elements) }
}
