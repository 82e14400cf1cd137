internal import COpenMPI

extension Communicator {
    /// Copies the root's bytes to every rank. Standard: MPI 3.1 §5.4.
    ///
    /// - Precondition: the buffer has the same length on every rank.
    public func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int = 0) throws(MPIError) {
        let piece = 1 << 30
        var start = 0
        while start < buffer.count {
            let count = Int32(min(piece, buffer.count - start))
            let base = buffer.baseAddress.map { $0 + start }
            try MPI.check("MPI_Bcast") { MPI_Bcast(base, count, cmpi_byte(), Int32(root), handle) }
            start += piece
        }
    }

    /// Copies the root's elements to every rank, e.g. weights.
    ///
    /// - Precondition: the buffer has the same length on every rank.
    public func broadcast<Scalar: BitwiseCopyable>(
        _ elements: UnsafeMutableBufferPointer<Scalar>, root: Int = 0
    ) throws(MPIError) {
        try broadcast(UnsafeMutableRawBufferPointer(elements), root: root)
    }

    /// The root's bytes, of whatever length; what the others pass is ignored.
    public func broadcast(_ bytes: [UInt8], root: Int = 0) throws(MPIError) -> [UInt8] {
        var length = Int64(bytes.count)
        try MPI.check("MPI_Bcast") { MPI_Bcast(&length, 1, cmpi_int64(), Int32(root), handle) }
        var message = rank == root ? bytes : [UInt8](repeating: 0, count: Int(length))
        var failure: MPIError?
        message.withUnsafeMutableBytes { buffer in
            do throws(MPIError) { try broadcast(buffer, root: root) } catch { failure = error }
        }
        if let failure { throw failure }
        return message
    }

    /// The root's text; what the others pass is ignored.
    public func broadcast(_ text: String, root: Int = 0) throws(MPIError) -> String {
        String(decoding: try broadcast(Array(text.utf8), root: root), as: UTF8.self)
    }

    /// The root's numbers; every rank passes as many.
    public func broadcast(_ values: [Int], root: Int = 0) throws(MPIError) -> [Int] {
        var values = values
        let count = try MPI.count(values.count, "MPI_Bcast")
        try MPI.check("MPI_Bcast") {
            values.withUnsafeMutableBytes { MPI_Bcast($0.baseAddress, count, cmpi_int64(), Int32(root), handle) }
        }
        return values
    }

    /// Every rank's bytes, in rank order, on the root; nil on the others. Standard: MPI 3.1 §5.5.
    public func gather(_ bytes: [UInt8], root: Int = 0) throws(MPIError) -> [[UInt8]]? {
        let lengths = try allGather([bytes.count]).map { $0[0] }
        let (counts, starts, total) = try places(lengths, "MPI_Gatherv")
        var received = [UInt8](repeating: 0, count: rank == root ? total : 0)
        let own = counts[rank]
        try MPI.check("MPI_Gatherv") {
            bytes.withUnsafeBytes { source in
                received.withUnsafeMutableBytes { target in
                    MPI_Gatherv(
                        source.baseAddress, own, cmpi_byte(), target.baseAddress, counts, starts, cmpi_byte(),
                        Int32(root), handle)
                }
            }
        }
        return rank == root ? pieces(of: received, counts, starts) : nil
    }

    /// Every rank's text, in rank order, on the root; nil on the others.
    public func gather(_ text: String, root: Int = 0) throws(MPIError) -> [String]? {
        try gather(Array(text.utf8), root: root)?.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every rank's bytes, in rank order, on every rank. Standard: MPI 3.1 §5.7.
    public func allGather(_ bytes: [UInt8]) throws(MPIError) -> [[UInt8]] {
        let lengths = try allGather([bytes.count]).map { $0[0] }
        let (counts, starts, total) = try places(lengths, "MPI_Allgatherv")
        var received = [UInt8](repeating: 0, count: total)
        let own = counts[rank]
        try MPI.check("MPI_Allgatherv") {
            bytes.withUnsafeBytes { source in
                received.withUnsafeMutableBytes { target in
                    MPI_Allgatherv(
                        source.baseAddress, own, cmpi_byte(), target.baseAddress, counts, starts, cmpi_byte(), handle)
                }
            }
        }
        return pieces(of: received, counts, starts)
    }

    /// Every rank's text, in rank order, on every rank.
    public func allGather(_ text: String) throws(MPIError) -> [String] {
        try allGather(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every rank's values, in rank order, on every rank; every rank passes as many.
    public func allGather<Scalar: BitwiseCopyable>(_ values: [Scalar]) throws(MPIError) -> [[Scalar]] {
        let byteCount = try MPI.count(values.count * MemoryLayout<Scalar>.stride, "MPI_Allgather")
        _ = try MPI.count(Int(byteCount) * size, "MPI_Allgather")
        guard let first = values.first else { return Array(repeating: [], count: size) }
        var received = [Scalar](repeating: first, count: values.count * size)
        try MPI.check("MPI_Allgather") {
            values.withUnsafeBytes { source in
                received.withUnsafeMutableBytes { target in
                    MPI_Allgather(
                        source.baseAddress, byteCount, cmpi_byte(), target.baseAddress, byteCount, cmpi_byte(), handle)
                }
            }
        }
        return (0..<size).map { Array(received[$0 * values.count..<($0 + 1) * values.count]) }
    }

    private func places(
        _ lengths: [Int], _ call: StaticString
    ) throws(MPIError) -> (counts: [Int32], starts: [Int32], total: Int) {
        let total = lengths.reduce(0, +)
        _ = try MPI.count(total, call)
        var starts: [Int32] = []
        var start: Int32 = 0
        for length in lengths {
            starts.append(start)
            start += Int32(length)
        }
        return (lengths.map { Int32($0) }, starts, total)
    }

    private func pieces(of bytes: [UInt8], _ counts: [Int32], _ starts: [Int32]) -> [[UInt8]] {
        zip(counts, starts).map { Array(bytes[Int($1)..<Int($1 + $0)]) }
    }
}
