import Glibc

/// Zeroed bytes: from the allocator, or, when there are many, mapped on their own.
struct BufferMemory {
    let start: UnsafeMutableRawPointer
    /// Bytes that are mapped; nil when the allocator gave them.
    private let mappedByteCount: Int?

    /// From how many bytes on a buffer is mapped on its own.
    static let leastMapped = 1 << 20

    /// - Precondition: the system has the memory; what it does not even promise ends the program, as an array would.
    init(byteCount: Int) {
        guard byteCount >= Self.leastMapped else {
            start = .allocate(byteCount: byteCount, alignment: 64)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            mappedByteCount = nil
            return
        }
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            preconditionFailure("no memory for a buffer of \(byteCount) bytes")
        }
        start = memory
        mappedByteCount = byteCount
    }

    func free() {
        if let mappedByteCount {
            munmap(start, mappedByteCount)
        } else {
            start.deallocate()
        }
    }
}
