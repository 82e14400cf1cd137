import Glibc

/// Zeroed bytes: from the allocator, or, when there are many, mapped on their own.
///
/// Buffers of several huge pages begin at one and ask for them: kernels read many rows at once, and with small pages
/// each row takes an entry of its own in the processor's table of translated addresses.
struct BufferMemory {
    let start: UnsafeMutableRawPointer
    /// Bytes that are mapped; nil when the allocator gave them.
    private let mappedByteCount: Int?

    /// From how many bytes on a buffer is mapped on its own.
    private static let leastMapped = 1 << 20
    /// From how many bytes on it is made of huge pages.
    private static let leastHuge = 2 * hugePage
    /// Bytes of a huge page of x86-64.
    private static let hugePage = 2 << 20

    /// - Precondition: the system has the memory; what it does not even promise ends the program, as an array would.
    init(byteCount: Int) {
        if byteCount < Self.leastMapped {
            start = .allocate(byteCount: byteCount, alignment: 64)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            mappedByteCount = nil
        } else {
            start = byteCount < Self.leastHuge ? Self.map(byteCount) : Self.mapHugePages(byteCount)
            mappedByteCount = byteCount
        }
    }

    private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            preconditionFailure("no memory for a buffer of \(byteCount) bytes")
        }
        return memory
    }

    /// Maps a huge page more than asked for, and gives back what lies in front of the first and behind the last page used.
    private static func mapHugePages(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let page = Int(getpagesize())
        let used = (byteCount + page - 1) & ~(page - 1)
        let mapped = map(used + hugePage)
        let before = -Int(bitPattern: mapped) & (hugePage - 1)
        let start = mapped + before
        if before > 0 { munmap(mapped, before) }
        munmap(start + used, hugePage - before)
        // A system without huge pages says no, and small ones do.
        madvise(start, used, MADV_HUGEPAGE)
        return start
    }

    func free() {
        if let mappedByteCount {
            munmap(start, mappedByteCount)
        } else {
            start.deallocate()
        }
    }
}
