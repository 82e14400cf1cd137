internal import CThreads

/// Hints about memory that is read soon.
public enum Prefetch {
    /// Asks the CPU to bring rows of memory into the cache of the calling thread's core.
    ///
    /// Returns at once and reads nothing. It pays where many short rows lie far apart: each would be a wait of its own.
    ///
    /// - Parameters:
    ///   - first: the first row.
    ///   - byteCount: of each row, at least 1.
    ///   - stride: bytes from one row to the next.
    public static func rows(_ first: UnsafeRawPointer, byteCount: Int, stride: Int, count: Int) {
        cthreads_prefetch(first, Int64(byteCount), Int64(stride), Int64(count))
    }
}
