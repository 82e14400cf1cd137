internal import CISAL

/// The way of an entry's bytes out of an archive: inflated by ISA-L (RFC 1951, bare), or as they are.
struct Inflation: ~Copyable {
    private static let pieceSize = 1 << 18

    private let isCompressed: Bool
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)

    init(isCompressed: Bool) {
        self.isCompressed = isCompressed
        isal_inflate_init(state)
    }

    deinit {
        state.deallocate()
        input.deallocate()
        output.deallocate()
    }

    /// Reads a range of a file and hands out what it holds, piece by piece; a piece is valid during the call.
    ///
    /// - Throws: ``ArchiveError`` when the data is damaged or ends too early; what `receive` throws.
    consuming func run(
        _ file: ArchiveFile, _ range: Range<Int>,
        _ receive: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize) {
            let count = min(Self.pieceSize, range.upperBound - start)
            let piece = UnsafeMutableRawBufferPointer(rebasing: input[..<count])
            try file.read(into: piece, at: start)
            if isCompressed {
                try inflate(UnsafeRawBufferPointer(piece), of: file.path, receive)
            } else {
                try receive(UnsafeRawBufferPointer(piece))
            }
        }
        guard !isCompressed || state.pointee.block_state == ISAL_BLOCK_FINISH else {
            throw .zip(path: file.path, problem: "compressed data ends in the middle")
        }
    }

    private func inflate(
        _ piece: UnsafeRawBufferPointer, of path: String,
        _ receive: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        // The library reads its input and never writes it.
        state.pointee.next_in = UnsafeMutableRawPointer(mutating: piece.baseAddress)?.assumingMemoryBound(
            to: UInt8.self)
        state.pointee.avail_in = UInt32(piece.count)
        repeat {
            state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            state.pointee.avail_out = UInt32(output.count)
            let code = isal_inflate(state)
            guard code == ISAL_DECOMP_OK || code == ISAL_END_INPUT || code == ISAL_OUT_OVERFLOW else {
                throw .zip(path: path, problem: "compressed data is damaged")
            }
            let produced = output.count - Int(state.pointee.avail_out)
            try receive(UnsafeRawBufferPointer(rebasing: output[..<produced]))
        } while state.pointee.avail_out == 0 && state.pointee.block_state != ISAL_BLOCK_FINISH
    }
}
