/// Compression into the gzip format (RFC 1952).
public enum Gzip {
    /// Compresses bytes into one gzip member.
    ///
    /// - Determinism: the header carries no time and no name, so equal input gives equal output with the same release
    ///   of ISA-L on the same kind of processor; inflated, the output is equal everywhere.
    /// - Complexity: O(n); allocates the result and 1 MB beside it.
    /// - Throws: ``ArchiveError/compression(code:)`` when the library refuses its parameters.
    public static func compress(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) -> [UInt8] {
        var compressed: [UInt8] = []
        compressed.reserveCapacity(bytes.count / 2 + 64)
        try Deflation(isGzip: true).run([bytes]) { compressed.append(contentsOf: $0) }
        return compressed
    }

    /// Whether bytes begin as a gzip file does.
    public static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }
}
