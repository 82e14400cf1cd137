/// Where the elements of a tensor lie in a file: a view of one of its storages, checked to lie inside it.
struct FileTensor: Sendable, Equatable {
    let shape: [Int]
    let elementType: ElementType
    /// The file's number of the storage.
    let storage: Int
    /// Elements before the first one, and between neighbors along each axis.
    let offset: Int
    let strides: [Int]
    /// Elements.
    let count: Int

    /// - Throws: what is wrong with the view; one that shows an element of the storage twice is refused too, so a tensor
    ///   never has more elements than its storage.
    init(
        shape: [Int], strides: [Int], offset: Int, elementType: ElementType, storage: Int, storageCount: Int
    ) throws(CheckpointError) {
        func wrong() -> CheckpointError {
            .unreadable(
                "a tensor of shape \(shape), strides \(strides) and offset \(offset) does not lie in its storage of "
                    + "\(storageCount) elements")
        }
        guard shape.count == strides.count, shape.count <= 16, offset >= 0, shape.allSatisfy({ $0 >= 0 }),
            strides.allSatisfy({ $0 >= 0 }), let count = Self.product(shape), count <= storageCount
        else { throw wrong() }
        if count > 0 {
            var last = offset
            // From the finest axis on, each stride steps over all that the finer axes reach.
            var reach = 1
            for (size, stride) in zip(shape, strides).filter({ $0.0 > 1 }).sorted(by: { $0.1 < $1.1 }) {
                let (span, overflows) = (size - 1).multipliedReportingOverflow(by: stride)
                guard !overflows, stride >= reach, last < storageCount, span < storageCount - last else {
                    throw wrong()
                }
                last += span
                reach += span
            }
            guard last < storageCount else { throw wrong() }
        }
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
        self.offset = offset
        self.strides = strides
        self.count = count
    }

    private static func product(_ shape: [Int]) -> Int? {
        var product = 1
        for size in shape {
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            guard !overflows else { return nil }
            product = next
        }
        return product
    }

    /// Copies the elements in the order of the shape, the last axis fastest, as float32.
    func copy(from bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<Float>) {
        if isContiguous, elementType == .float32 {
            let part = UnsafeRawBufferPointer(rebasing: bytes[offset * 4..<(offset + count) * 4])
            UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: part)
            return
        }
        var index = [Int](repeating: 0, count: shape.count)
        var place = offset
        for element in 0..<count {
            target[element] = elementType.value(bytes, at: place)
            for axis in shape.indices.reversed() {
                index[axis] += 1
                place += strides[axis]
                guard index[axis] == shape[axis] else { break }
                place -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
    }

    private var isContiguous: Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() {
            if size > 1, stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// The strides of a tensor whose elements follow one another.
    static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1].multipliedReportingOverflow(by: max(1, shape[axis + 1])).partialValue
        }
        return strides
    }
}
