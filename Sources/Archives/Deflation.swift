internal import CISAL

/// The deflate format (RFC 1951).
package enum DeflateFormat {
    /// A byte of deflated data holds at most so many bytes of content: 258 per code of 2 bits.
    package static let largestRatio = 1032
}

/// One compression by ISA-L: bytes go in as they are and come out deflated (RFC 1951), bare or as a gzip member.
///
/// - Determinism: equal input gives equal output with the same release of ISA-L on the same kind of processor.
struct Deflation: ~Copyable {
    private static let levelBufferSize = 1 << 19  // above ISAL_DEF_LVL1_DEFAULT, 282624 bytes
    private static let pieceSize = 1 << 18
    /// The library counts in 32 bits.
    private static let largestSlice = 1 << 30

    private let stream = UnsafeMutablePointer<isal_zstream>.allocate(capacity: 1)
    private let levelBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: levelBufferSize)
    private let piece = UnsafeMutablePointer<UInt8>.allocate(capacity: pieceSize)

    /// - Parameter isGzip: with gzip's header and checksum around.
    init(isGzip: Bool) {
        isal_deflate_init(stream)
        stream.pointee.gzip_flag = UInt16(isGzip ? IGZIP_GZIP : IGZIP_DEFLATE)
        stream.pointee.level = 1
        stream.pointee.level_buf = levelBuffer
        stream.pointee.level_buf_size = UInt32(Self.levelBufferSize)
    }

    deinit {
        stream.deallocate()
        levelBuffer.deallocate()
        piece.deallocate()
    }

    /// Compresses all there is, once.
    ///
    /// - Parameters:
    ///   - parts: what follows one another.
    ///   - receive: gets what comes out, piece by piece; a piece is valid during the call.
    /// - Throws: ``ArchiveError/compression(code:)`` when the library refuses its parameters; what `receive` throws.
    consuming func run(
        _ parts: [UnsafeRawBufferPointer], _ receive: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var slices: [UnsafeRawBufferPointer] = []
        for part in parts {
            for start in stride(from: 0, to: part.count, by: Self.largestSlice) {
                let end = min(start + Self.largestSlice, part.count)
                slices.append(UnsafeRawBufferPointer(rebasing: part[start..<end]))
            }
        }
        if slices.isEmpty { slices = [UnsafeRawBufferPointer(start: piece, count: 0)] }
        for (index, slice) in slices.enumerated() {
            // The library reads its input and never writes it.
            stream.pointee.next_in = UnsafeMutableRawPointer(mutating: slice.baseAddress)?
                .assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(slice.count)
            stream.pointee.end_of_stream = index == slices.count - 1 ? 1 : 0
            repeat {
                stream.pointee.next_out = piece
                stream.pointee.avail_out = UInt32(Self.pieceSize)
                let code = isal_deflate(stream)
                guard code == COMP_OK else { throw .compression(code: Int(code)) }
                let produced = Self.pieceSize - Int(stream.pointee.avail_out)
                try receive(UnsafeRawBufferPointer(start: piece, count: produced))
            } while stream.pointee.avail_out == 0
        }
    }
}
