internal import CISAL

/// Compression into the gzip format (RFC 1952).
public enum Gzip {
    /// Compresses bytes into one gzip member.
    ///
    /// - Determinism: the header carries no time and no name, so equal input gives equal output with the same release
    ///   of ISA-L on the same kind of processor; inflated, the output is equal everywhere.
    /// - Complexity: O(n); allocates the result and 1 MB beside it.
    /// - Throws: ``ArchiveError/compression(code:)`` when the library refuses its parameters.
    public static func compress(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) -> [UInt8] {
        let stream = UnsafeMutablePointer<isal_zstream>.allocate(capacity: 1)
        let levelBufferSize = 1 << 19  // above ISAL_DEF_LVL1_DEFAULT, 282624 bytes
        let levelBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: levelBufferSize)
        let pieceSize = 1 << 18
        let piece = UnsafeMutablePointer<UInt8>.allocate(capacity: pieceSize)
        defer {
            stream.deallocate()
            levelBuffer.deallocate()
            piece.deallocate()
        }
        isal_deflate_init(stream)
        stream.pointee.gzip_flag = UInt16(IGZIP_GZIP)
        stream.pointee.level = 1
        stream.pointee.level_buf = levelBuffer
        stream.pointee.level_buf_size = UInt32(levelBufferSize)

        var compressed: [UInt8] = []
        compressed.reserveCapacity(bytes.count / 2 + 64)
        var taken = 0
        repeat {
            // The library counts in 32 bits; a slice of at most 1 GiB lies inside `bytes`. It only reads it.
            let count = min(bytes.count - taken, 1 << 30)
            if let base = bytes.baseAddress {
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: (base + taken).assumingMemoryBound(to: UInt8.self))
            }
            stream.pointee.avail_in = UInt32(count)
            taken += count
            stream.pointee.end_of_stream = taken == bytes.count ? 1 : 0
            repeat {
                stream.pointee.next_out = piece
                stream.pointee.avail_out = UInt32(pieceSize)
                let code = isal_deflate(stream)
                guard code == COMP_OK else { throw .compression(code: Int(code)) }
                let produced = pieceSize - Int(stream.pointee.avail_out)
                compressed.append(contentsOf: UnsafeBufferPointer(start: piece, count: produced))
            } while stream.pointee.avail_out == 0
        } while taken < bytes.count
        return compressed
    }

    /// Whether bytes begin as a gzip file does.
    public static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }
}
